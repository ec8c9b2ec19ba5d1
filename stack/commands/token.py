"""``bin/dataflix token``."""

import typer

from stack.programs import become


def token(context: typer.Context) -> None:
    """Create, list and revoke the tokens of the API: `token create NAME --scope read|write|admin`."""
    become("api", "token", *context.args)
