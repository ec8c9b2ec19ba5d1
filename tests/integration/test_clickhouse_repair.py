"""`verify --repair` on real servers: what somebody broke in raw is put right through the stream."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client
from live_tables import Source, live_tables
from own_stack import Stack
from screenings import patiently

from dataflix.settings import PROJECT, Settings
from dataflix.versions import RowVersion


@dataclass
class Catalogue:
    """The movies on both sides, and the stream between them."""

    stack: Stack
    source: Source
    raw: Client

    def add(self, title: str) -> int:
        """A movie on both sides."""
        row = self.source.execute("insert into movies (title) values (%s) returning movie_id", [title]).fetchone()
        assert row is not None
        movie = int(row[0])
        self.await_title(movie, title)
        return movie

    def title(self, movie: int) -> str | None:
        rows = self.raw.query(
            f"select title from raw.movies final where movie_id = {movie} and not _deleted"  # noqa: S608
        ).result_rows
        return rows[0][0] if rows else None

    @patiently()
    def await_title(self, movie: int, title: str | None) -> None:
        assert self.title(movie) == title

    def tamper(self, movie: int, title: str, *, deleted: bool = False, version: int | None = None) -> None:
        """Write into raw by hand, over the newest version of the row unless told."""
        newest = self.raw.query(
            f"select toString(max(_version)) from raw.movies where movie_id = {movie}"  # noqa: S608
        ).result_rows[0][0]
        row = {
            "movie_id": movie,
            "title": title,
            "_version": str(int(newest) if version is None else version),
            "_deleted": int(deleted),
        }
        self.raw.raw_insert("raw.movies", insert_block=json.dumps(row), fmt="JSONEachRow")

    def repair(self, *arguments: str) -> tuple[int, dict[str, Any]]:
        """Exit code and report."""
        done = subprocess.run(
            [sys.executable, "-m", "clickhouse", "verify", "--table", "movies", "--repair", "--json", *arguments],
            cwd=PROJECT,
            env=self.stack.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)


@pytest.fixture(scope="module")
def movies(
    stack: Stack, stream: Settings, clickhouse: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Catalogue]:
    assert stream.home == clickhouse.home
    with live_tables(stack, stream, tmp_path_factory.mktemp("repair") / "worker.log") as (source, raw):
        yield Catalogue(stack, source, raw)


def test_what_is_wrong_missing_or_too_much_in_raw_is_repaired(movies: Catalogue) -> None:
    changed, lost, removed, gone = (movies.add(title) for title in ("Ran", "Kagemusha", "Ikiru", "Dodes'ka-den"))
    untouched = movies.add("Yojimbo")
    movies.source.execute("delete from movies where movie_id = %s", [gone])
    movies.await_title(gone, None)
    movies.tamper(changed, "Not Ran")
    movies.tamper(lost, "", deleted=True)
    movies.raw.command(f"alter table raw.movies delete where movie_id = {removed} settings mutations_sync = 2")
    movies.tamper(gone, "A ghost")

    code, report = movies.repair()

    assert code == 0, report
    assert report["equal"] is True
    assert report["repair"] == {"read_again": {"movies": 3}, "deleted": {"movies": 1}, "impossible": []}
    assert [movies.title(movie) for movie in (changed, lost, removed, gone)] == ["Ran", "Kagemusha", "Ikiru", None]
    assert movies.title(untouched) == "Yojimbo"


def test_where_nothing_differs_nothing_is_ordered(movies: Catalogue) -> None:
    code, report = movies.repair()
    assert code == 0
    assert report["repair"] == {"read_again": {}, "deleted": {}, "impossible": []}


def test_a_change_during_the_repair_wins(movies: Catalogue) -> None:
    """What comes after the fence beats the repair, whichever of the two arrives first."""
    changed, ghost = movies.add("Sanjuro"), movies.add("Rashomon")
    movies.source.execute("delete from movies where movie_id = %s", [ghost])
    movies.await_title(ghost, None)
    movies.tamper(changed, "Not Sanjuro")
    movies.tamper(ghost, "A ghost")
    repairing = subprocess.Popen(
        [sys.executable, "-m", "clickhouse", "verify", "--table", "movies", "--repair", "--json"],
        cwd=PROJECT,
        env=movies.stack.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    )
    count = 0
    while repairing.poll() is None:  # the whole time, so also between its steps
        count += 1
        movies.source.execute("update movies set title = %s where movie_id = %s", [f"Sanjuro {count}", changed])
        movies.source.execute("delete from movies where movie_id = %s", [ghost])
        movies.source.execute("insert into movies (movie_id, title) values (%s, %s)", [ghost, f"Rashomon {count}"])
    repairing.communicate(timeout=10)
    movies.await_title(changed, f"Sanjuro {count}")
    movies.await_title(ghost, f"Rashomon {count}")
    code, report = movies.repair()
    assert (code, report["equal"]) == (0, True)


def test_a_version_that_nothing_beats_is_named(movies: Catalogue) -> None:
    movie = movies.add("Stray Dog")
    future = RowVersion(200, 0, True, 0).packed()
    movies.tamper(movie, "From the future", version=future)

    code, report = movies.repair("--wait", "3")

    assert code == 1
    [sentence] = report["repair"]["impossible"]
    assert f"movies movie_id {movie} cannot be repaired" in sentence
    movies.raw.command(
        f"alter table raw.movies delete where movie_id = {movie} and _version = toUInt128('{future}') "
        "settings mutations_sync = 2"
    )
    code, report = movies.repair()
    assert (code, report["equal"]) == (0, True)
