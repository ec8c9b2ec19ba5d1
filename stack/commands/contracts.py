"""``bin/dataflix contracts``."""

import typer

from stack.programs import become


def contracts(context: typer.Context) -> None:
    """Compare contracts with source, topics and raw tables (check); the migration of the raw tables (diff, apply)."""
    become("clickhouse", "contracts", *context.args)
