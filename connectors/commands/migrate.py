"""`migrate`: the source database as the stream needs it."""

import typer

from connectors import schema
from connectors.erasure import keep_erasure
from connectors.grants import grants
from connectors.postgres import MAINTENANCE_DATABASE, connect_admin
from connectors.publication import PUBLICATION, check_source, keep_publication, read_source
from connectors.roles import databases, keep_database, keep_role, roles
from connectors.truncation import keep_truncation
from dataflix.contracts import load_contracts
from dataflix.settings import load_settings

ONE_AT_A_TIME = 7_253_144_001  # key of the advisory lock: two runs must not interleave


def migrate() -> None:
    """Create or update roles, databases, tables, grants and the publication; repeating it changes nothing."""
    settings = load_settings()
    contracts = load_contracts(settings.contracts)
    files = schema.operator_migrations(settings.migrations)
    with connect_admin(settings, MAINTENANCE_DATABASE) as cluster:
        cluster.execute("SELECT pg_advisory_lock(%s)", [ONE_AT_A_TIME])
        for role in roles(settings):
            keep_role(cluster, role)
        for database in databases(settings):
            keep_database(cluster, database)
        schema.upgrade(settings)
        with connect_admin(settings) as connection:
            applied = schema.apply_operator_migrations(connection, files)
            source = read_source(connection)
            for table in contracts:
                check_source(table, source.get(table.source))
            with connection.transaction():
                for statement in grants(contracts):
                    connection.execute(statement)
                keep_truncation(connection, contracts)
                keep_erasure(connection, contracts)
                changed = keep_publication(connection, contracts)
    for name in applied:
        typer.echo(f"Applied {name}.")
    typer.echo(
        f"The source database {settings.postgres_database} is ready: {len(contracts.tables)} tables under contract, "
        f"publication {PUBLICATION} {'updated' if changed else 'unchanged'}."
    )
