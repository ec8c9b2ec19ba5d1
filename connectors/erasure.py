"""Erasing a person over the API: one function deletes the person's rows and writes down that the rest is to follow.

The API's role calls it and needs no right to delete on tables that it does not know: the function knows every table
under contract that holds rows of a person. Both happen in one transaction, so no deletion is without its request.
"""

from psycopg import sql

from connectors.grants import ERASURES, PRESENT_EPOCH, STREAM_SCHEMA
from connectors.postgres import Connection
from connectors.roles import API
from dataflix.contracts import Contracts, Table

_FUNCTION = sql.Identifier(STREAM_SCHEMA, "erase_person")


def erasing_function(contracts: Contracts) -> sql.Composed | None:
    """The statements that make the function; None where no contract describes people.

    It gives the request as it stands: the one that it has just written, or for somebody who is gone the one before;
    no row for a number that nobody has. The lock comes first: whoever writes a row of the person's at the same moment
    is waited for and deleted with the rest, or waits and is refused.
    """
    personal = contracts.personal_tables()
    if not personal:
        return None
    people, column = personal[-1]
    return sql.SQL(
        """
        CREATE OR REPLACE FUNCTION {function}(bigint) RETURNS SETOF {erasures} LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = '' AS $$
        DECLARE
            deleted jsonb := '{{}}';
            gone bigint;
        BEGIN
            PERFORM FROM {people} WHERE {column} = $1 FOR UPDATE;
            IF FOUND THEN
                {deletions}
                INSERT INTO {erasures} (user_id, txid, epoch, deleted)
                VALUES ($1, mod(pg_current_xact_id()::text::numeric, 4294967296), {epoch}(), deleted)
                ON CONFLICT (user_id) DO UPDATE SET
                    requested_at = excluded.requested_at, deleted_at = excluded.deleted_at, txid = excluded.txid,
                    epoch = excluded.epoch, deleted = excluded.deleted, attempts = 0, erased_at = NULL;
            END IF;
            RETURN QUERY SELECT * FROM {erasures} WHERE user_id = $1;
        END
        $$;
        REVOKE ALL ON FUNCTION {function}(bigint) FROM PUBLIC;
        GRANT EXECUTE ON FUNCTION {function}(bigint) TO {api}
        """
    ).format(
        function=_FUNCTION,
        erasures=sql.Identifier(STREAM_SCHEMA, ERASURES),
        epoch=sql.Identifier(STREAM_SCHEMA, PRESENT_EPOCH),
        people=_name(people),
        column=sql.Identifier(column),
        deletions=sql.SQL("\n                ").join(_deletion(table, person) for table, person in personal),
        api=sql.Identifier(API),
    )


def keep_erasure(connection: Connection, contracts: Contracts) -> None:
    """Make the function as ``contracts`` want it."""
    if statement := erasing_function(contracts):
        connection.execute(statement)


def _deletion(table: Table, person: str) -> sql.Composed:
    return sql.SQL(
        "DELETE FROM {table} WHERE {person} = $1; GET DIAGNOSTICS gone = ROW_COUNT; "
        "IF gone > 0 THEN deleted := deleted || jsonb_build_object({name}, gone); END IF;"
    ).format(table=_name(table), person=sql.Identifier(person), name=sql.Literal(table.name))


def _name(table: Table) -> sql.Identifier:
    return sql.Identifier(table.source_schema, table.table)
