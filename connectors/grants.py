"""What each role may do in the source database, rendered from the contracts. Pure: it makes statements, runs none."""

from typing import LiteralString

from psycopg import sql

from connectors.roles import API, DEBEZIUM, ERASER, VERIFIER, WATCHER
from dataflix.contracts import Contracts, Table

API_TABLES = ("users", "movies", "watched_movies", "ratings")
STREAM_SCHEMA = "dataflix"
SIGNALS = "signals"
HEARTBEAT = "heartbeat"
SNAPSHOTS = "snapshots"
ERASURES = "erasures"
EPOCHS = "epochs"
PRESENT_EPOCH = "present_epoch"
IDEMPOTENCY_KEYS = "idempotency_keys"
HEARTBEAT_COLUMN = "beat_at"


def grants(contracts: Contracts) -> list[sql.Composed]:
    """The statements that leave every role with exactly its privileges; run them in one transaction.

    Who reads for the stream or for its check reads contract columns only: a column that no contract names cannot
    leave PostgreSQL through them.
    """
    return [
        *_revoke_all(contracts),
        *_api(),
        *(_select(table, role) for table in contracts for role in (DEBEZIUM, VERIFIER)),
        *_debezium(),
        *(_erase(table, column) for table, column in contracts.personal_tables()),
        _watch(),
        *_erasures(),
        _idempotency_keys(),
    ]


def _statement(text: LiteralString, **names: sql.Composable) -> sql.Composed:
    return sql.SQL(text).format(**names)


def _names(*names: str) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, names))


def _revoke_all(contracts: Contracts) -> list[sql.Composed]:
    schemas = sorted({STREAM_SCHEMA, "public", *(table.source_schema for table in contracts)})
    names = {"schemas": _names(*schemas), "roles": _names(API, DEBEZIUM, VERIFIER, ERASER, WATCHER)}
    return [
        _statement("REVOKE ALL ON SCHEMA {schemas} FROM {roles}", **names),
        _statement("REVOKE ALL ON ALL TABLES IN SCHEMA {schemas} FROM {roles}", **names),
        _statement("REVOKE ALL ON ALL SEQUENCES IN SCHEMA {schemas} FROM {roles}", **names),
    ]


def _api() -> list[sql.Composed]:
    role, tables = sql.Identifier(API), sql.SQL(", ").join(sql.Identifier("public", table) for table in API_TABLES)
    return [
        _statement("GRANT USAGE ON SCHEMA public TO {role}", role=role),
        _statement("GRANT SELECT, INSERT, UPDATE, DELETE ON {tables} TO {role}", tables=tables, role=role),
        _statement("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}", role=role),
    ]


def _select(table: Table, role: str) -> sql.Composed:
    return _statement(
        "GRANT USAGE ON SCHEMA {schema} TO {role}; GRANT SELECT ({columns}) ON {table} TO {role}",
        schema=sql.Identifier(table.source_schema),
        columns=_names(*table.by_name),
        table=sql.Identifier(table.source_schema, table.table),
        role=sql.Identifier(role),
    )


def _erase(table: Table, person: str) -> sql.Composed:
    """Whoever erases a person finds the rows by the person's number, and reads nothing else of them."""
    return _statement(
        "GRANT USAGE ON SCHEMA {schema} TO {role}; GRANT SELECT ({person}), DELETE ON {table} TO {role}",
        schema=sql.Identifier(table.source_schema),
        person=sql.Identifier(person),
        table=sql.Identifier(table.source_schema, table.table),
        role=sql.Identifier(ERASER),
    )


def _watch() -> sql.Composed:
    """Whoever watches sees the catalogue, which is open to all, heartbeat and epochs; no row of anybody.

    How far a recovery has come is the watcher's to note.
    """
    return _statement(
        "GRANT USAGE ON SCHEMA {schema} TO {role}; GRANT SELECT ON {heartbeat}, {epochs} TO {role}; "
        "GRANT UPDATE (state, ended_at) ON {epochs} TO {role}; GRANT SELECT ON {epochs} TO {verifier}",
        schema=sql.Identifier(STREAM_SCHEMA),
        heartbeat=sql.Identifier(STREAM_SCHEMA, HEARTBEAT),
        epochs=sql.Identifier(STREAM_SCHEMA, EPOCHS),
        verifier=sql.Identifier(VERIFIER),
        role=sql.Identifier(WATCHER),
    )


def _erasures() -> list[sql.Composed]:
    """The API reads how far an erasure has come; whoever works it off notes that. Only the function makes requests.

    Both name the epoch that they write in, and the eraser reads whether a later one is whole.
    """
    names = {
        "schema": sql.Identifier(STREAM_SCHEMA),
        "erasures": sql.Identifier(STREAM_SCHEMA, ERASURES),
        "api": sql.Identifier(API),
        "eraser": sql.Identifier(ERASER),
        "epochs": sql.Identifier(STREAM_SCHEMA, EPOCHS),
        "present": sql.Identifier(STREAM_SCHEMA, PRESENT_EPOCH),
    }
    return [
        _statement("GRANT USAGE ON SCHEMA {schema} TO {api}, {eraser}", **names),
        _statement("GRANT SELECT ON {erasures} TO {api}, {eraser}", **names),
        _statement("GRANT UPDATE (attempts, erased_at) ON {erasures} TO {eraser}", **names),
        _statement("GRANT EXECUTE ON FUNCTION {present}() TO {api}, {eraser}", **names),
        _statement("GRANT SELECT ON {epochs} TO {eraser}", **names),
    ]


def _idempotency_keys() -> sql.Composed:
    """The API keeps its answers there; it never changes one."""
    return _statement(
        "GRANT SELECT, INSERT, DELETE ON {keys} TO {role}",
        keys=sql.Identifier(STREAM_SCHEMA, IDEMPOTENCY_KEYS),
        role=sql.Identifier(API),
    )


def _debezium() -> list[sql.Composed]:
    names = {
        "role": sql.Identifier(DEBEZIUM),
        "schema": sql.Identifier(STREAM_SCHEMA),
        "signals": sql.Identifier(STREAM_SCHEMA, SIGNALS),
        "heartbeat": sql.Identifier(STREAM_SCHEMA, HEARTBEAT),
        "snapshots": sql.Identifier(STREAM_SCHEMA, SNAPSHOTS),
        "beat": sql.Identifier(HEARTBEAT_COLUMN),
    }
    return [
        _statement("GRANT USAGE ON SCHEMA {schema} TO {role}", **names),
        # an incremental snapshot brackets each chunk with signals of its own, and takes them away again
        _statement("GRANT SELECT, INSERT, DELETE ON {signals} TO {role}", **names),
        _statement("GRANT UPDATE ({beat}) ON {heartbeat} TO {role}", **names),
        # whoever compares source and raw may order rows to be read again
        _statement("GRANT USAGE ON SCHEMA {schema} TO {verifier}", verifier=sql.Identifier(VERIFIER), **names),
        _statement("GRANT INSERT ON {signals} TO {verifier}", verifier=sql.Identifier(VERIFIER), **names),
        # and notes for which tables that has to happen once they are what their contracts say
        _statement(
            "GRANT SELECT, UPDATE (columns, ordered_at) ON {snapshots} TO {verifier}",
            verifier=sql.Identifier(VERIFIER),
            **names,
        ),
    ]
