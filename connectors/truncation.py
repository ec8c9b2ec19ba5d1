"""TRUNCATE of a table under contract: its rows are deleted first, one by one, so that the stream carries each deletion.

PostgreSQL logs a TRUNCATE as one event without a row. What reads the stream in several partitions could not tell which
rows it ended, so Debezium leaves it out, and raw would keep them all. A trigger on every table under contract deletes
the rows in the same transaction: raw and the masked topic are emptied like after any DELETE.

`truncation_trigger` is the rule, `keep_truncation` the edge.
"""

from psycopg import sql

from connectors.grants import STREAM_SCHEMA
from connectors.postgres import Connection
from dataflix.contracts import Contracts, Table

TRIGGER = "dataflix_delete_before_truncate"
_FUNCTION = sql.Identifier(STREAM_SCHEMA, "delete_before_truncate")
# Whoever may truncate need not be allowed to delete: the function does it as its owner. And as with TRUNCATE itself, no
# trigger on deleted rows fires: PostgreSQL truncates no table without those that refer to it.
_CREATE_FUNCTION = sql.SQL(
    """
    CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = '' SET session_replication_role = replica AS $$
    BEGIN
        EXECUTE format('DELETE FROM %I.%I', TG_TABLE_SCHEMA, TG_TABLE_NAME);
        RETURN NULL;
    END
    $$;
    REVOKE ALL ON FUNCTION {function}() FROM PUBLIC
    """
).format(function=_FUNCTION)


def truncation_trigger(table: Table) -> sql.Composed:
    """The statements that put the trigger on ``table``, also for sessions in which no ordinary trigger fires."""
    return sql.SQL(
        "CREATE OR REPLACE TRIGGER {trigger} BEFORE TRUNCATE ON {table} FOR EACH STATEMENT "
        "EXECUTE FUNCTION {function}(); ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger}"
    ).format(
        trigger=sql.Identifier(TRIGGER), table=sql.Identifier(table.source_schema, table.table), function=_FUNCTION
    )


def keep_truncation(connection: Connection, contracts: Contracts) -> None:
    """Give every table of ``contracts`` the trigger; those that have it are not locked."""
    connection.execute(_CREATE_FUNCTION)
    rows = connection.execute(
        "SELECT format('%%s.%%s', n.nspname, c.relname) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
        "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE t.tgname = %s AND t.tgenabled = 'A'",
        [TRIGGER],
    )
    kept = {str(name) for (name,) in rows}
    for table in contracts:
        if table.source not in kept:
            connection.execute(truncation_trigger(table))
