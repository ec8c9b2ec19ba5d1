"""The sample: a few made-up people, real movies, and what those people watched and thought of it.

One CSV file per table lies in ``connectors/sample``; its header names the columns.
"""

from pathlib import Path

from psycopg import sql

from connectors.postgres import Connection

FOLDER = Path(__file__).parent / "sample"
KEYS = {"users": "user_id", "movies": "movie_id", "watched_movies": "watched_id", "ratings": "rating_id"}


def sample_file(table: str) -> Path:
    """The rows of ``table``."""
    return FOLDER / f"{table}.csv"


def load_sample(connection: Connection) -> dict[str, int]:
    """Copy the sample into the source, all of it or nothing; rows by table, empty when any table holds rows already."""
    with connection.transaction():
        names = {table: sql.Identifier("public", table) for table in KEYS}
        # nobody may write between the look and the copy, or their ids could be the sample's
        connection.execute(sql.SQL("LOCK TABLE {} IN EXCLUSIVE MODE").format(sql.SQL(", ").join(names.values())))
        if any(_holds_rows(connection, name) for name in names.values()):
            return {}
        return {table: _copy(connection, table, key) for table, key in KEYS.items()}


def _holds_rows(connection: Connection, table: sql.Identifier) -> bool:
    return connection.execute(sql.SQL("SELECT FROM {} LIMIT 1").format(table)).fetchone() is not None


def _copy(connection: Connection, table: str, key: str) -> int:
    rows = sample_file(table).read_bytes()
    columns = rows.split(b"\n", 1)[0].decode().split(",")
    name = sql.Identifier("public", table)
    with connection.cursor() as cursor:
        statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv, HEADER match)").format(
            name, sql.SQL(", ").join(map(sql.Identifier, columns))
        )
        with cursor.copy(statement) as copy:
            copy.write(rows)
        count = cursor.rowcount
    connection.execute(
        sql.SQL("SELECT setval(pg_get_serial_sequence({}, {}), max({})) FROM {}").format(
            sql.Literal(f"public.{table}"), sql.Literal(key), sql.Identifier(key), name
        )
    )
    return count
