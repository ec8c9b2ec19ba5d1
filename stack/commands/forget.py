"""``bin/dataflix forget``."""

import typer

from stack.programs import become


def forget(context: typer.Context) -> None:
    """Erase a person from source, raw, marts and masked topics, and prove it by a scan."""
    become("clickhouse", "forget", *context.args)
