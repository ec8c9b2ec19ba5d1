"""A table whose source is no longer what its contract says waits, alone, and misses nothing."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from own_stack import Stack
from running_watcher import watching
from running_worker import Worker, running
from screenings import patiently

from dataflix.clickhouse_client import ClickHouseUser
from dataflix.clickhouse_client import clickhouse as client_of
from dataflix.settings import Settings

BEYOND_INTEGER = 9_000_000_000


class Source:
    """The source, as its administrator changes it."""

    def __init__(self, settings: Settings) -> None:
        self._conninfo = settings.postgres_conninfo("dataflix_admin", settings.postgres_admin_password)

    def run(self, *statements: str) -> Any:
        """All of them in one transaction; the first value of the last one, if it has any."""
        with psycopg.connect(self._conninfo) as connection:
            for statement in statements:
                done = connection.execute(statement.encode())
            row = done.fetchone() if done.description else None
        return row and row[0]

    def add_movie(self, title: str, **columns: Any) -> int:
        names, values = ["title", *columns], [f"'{title}'", *map(str, columns.values())]
        statement = f"INSERT INTO movies ({', '.join(names)}) VALUES ({', '.join(values)}) RETURNING movie_id"  # noqa: S608
        return int(self.run(statement))

    def add_user(self, name: str) -> int:
        """Somebody that no other test knows: a row of another table than movies."""
        return int(
            self.run(
                "INSERT INTO users (username, email, first_name, last_name) "  # noqa: S608
                f"VALUES ('{name}', '{name}@example.org', 'Pat', 'Pausing') RETURNING user_id"
            )
        )


@pytest.fixture
def movies(stream: Settings) -> Iterator[Source]:
    """What the test changes is as it was after it."""
    made = Source(stream)
    made.run("CREATE TABLE directors AS SELECT movie_id, director FROM movies")
    yield made
    made.run("DROP TABLE directors")
    made.run("DELETE FROM movies WHERE title LIKE 'Paused %'")
    made.run("DELETE FROM users WHERE username LIKE 'pausing_%'")


def test_a_retyped_and_a_dropped_column_make_their_table_wait_and_no_other(
    stack: Stack, stream: Settings, clickhouse: Settings, movies: Source, tmp_path: Path
) -> None:
    stack.run("clickhouse", "apply")
    worker = Worker(stack, tmp_path / "worker.log")

    def stored(table: str, key: str, number: int) -> bool:
        query = f"SELECT count() FROM raw.{table} FINAL WHERE {key} = {number}"  # noqa: S608
        with client_of(clickhouse, ClickHouseUser.ADMIN) as client:
            return bool(client.query(query).result_rows[0][0])

    @patiently()
    def arrives(table: str, key: str, number: int) -> None:
        assert stored(table, key, number)

    @patiently()
    def waiting(tables: int) -> None:
        assert worker.metric('dataflix_worker_paused_tables{table="movies"}') == tables
        assert worker.metric("dataflix_worker_paused_tables") == tables

    @patiently()
    def equal() -> None:
        stack.run("clickhouse", "verify", "--table", "movies", "--table", "users", "--wait", "60")

    with running([worker]), watching(stack.environment, tmp_path / "watcher.log"):
        worker.wait_until_healthy()
        # Tests of other things empty raw tables
        stack.run("clickhouse", "verify", "--repair", "--table", "movies", "--table", "users")
        arrives("movies", "movie_id", movies.add_movie("Paused never"))

        movies.run(
            "ALTER PUBLICATION dataflix DROP TABLE movies",
            "ALTER TABLE movies ALTER duration_minutes TYPE bigint",
        )
        stack.run("connectors", "migrate")
        retyped = movies.add_movie("Paused by type", duration_minutes=BEYOND_INTEGER)
        fitting = movies.add_movie("Paused with it", duration_minutes=90)
        waiting(1)
        arrives("users", "user_id", movies.add_user("pausing_type"))
        assert not stored("movies", "movie_id", retyped)
        assert not stored("movies", "movie_id", fitting)
        movies.run(
            "ALTER PUBLICATION dataflix DROP TABLE movies",
            "UPDATE movies SET duration_minutes = 91 WHERE duration_minutes > 100000",
            "ALTER TABLE movies ALTER duration_minutes TYPE integer",
        )
        stack.run("connectors", "migrate")
        waiting(0)
        arrives("movies", "movie_id", retyped)
        arrives("movies", "movie_id", fitting)
        equal()

        movies.run("ALTER TABLE movies DROP COLUMN director CASCADE")
        waiting(1)
        missed = movies.add_movie("Paused by a drop")
        arrives("users", "user_id", movies.add_user("pausing_drop"))
        assert not stored("movies", "movie_id", missed)
        movies.run(
            "ALTER TABLE movies ADD COLUMN director text",
            "UPDATE movies SET director = kept.director FROM directors kept WHERE kept.movie_id = movies.movie_id",
        )
        stack.run("connectors", "migrate")
        waiting(0)
        arrives("movies", "movie_id", missed)
        equal()
    assert [entry["table"] for entry in worker.logged("table_paused")] == ["movies", "movies"]
    assert [entry["table"] for entry in worker.logged("table_resumed")] == ["movies", "movies"]
