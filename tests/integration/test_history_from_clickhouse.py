"""Histories that an API reads from ClickHouse when it starts: whatever happens around it, they are what ClickHouse
holds, and what an API knows that has read the topics, or was there all along.
"""

import asyncio
import itertools
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest
from aiohttp.test_utils import TestServer
from clickhouse_connect.driver.client import Client
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from live_tables import live_tables
from own_stack import Stack
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_fixed

from api import keys
from api.app import create_app
from api.boot_rows import ClickHouseHistories
from api.progress import Progress, Source
from api.replica import Replica
from dataflix.recommender import interaction_score
from dataflix.settings import Settings

HISTORIES = int(os.environ.get("DATAFLIX_TEST_HISTORIES", "4"))
PEOPLE, MOVIES = 3, 4
NOBODY_LISTENS = 9

_people, _movies = st.integers(0, PEOPLE - 1), st.integers(0, MOVIES - 1)
_steps = st.one_of(
    st.tuples(st.just("rate"), _people, _movies, st.integers(1, 10), st.sampled_from([None, False, True])),
    st.tuples(st.just("rate"), _people, _movies, st.integers(1, 10), st.sampled_from([None, False, True])),
    st.tuples(st.just("rate anew"), _people, _movies, st.integers(1, 10)),
    st.tuples(st.just("take the rating back"), _people, _movies),
    st.tuples(st.just("watch"), _people, _movies),
    st.tuples(st.just("take the viewing back"), _people, _movies),
    st.tuples(st.just("leave"), _people),
    st.tuples(st.just("restart")),
)
_numbers = itertools.count()


@dataclass
class Cinema:
    """Source, ClickHouse, and everybody and everything that the tests made."""

    stack: Stack
    settings: Settings
    source: psycopg.Connection[tuple[Any, ...]]
    raw: Client
    movies: list[int] = field(default_factory=list)
    people: list[int] = field(default_factory=list)  # those who are there now
    everybody: list[int] = field(default_factory=list)
    ratings: set[int] = field(default_factory=set)  # ids of all that ever were
    viewings: set[int] = field(default_factory=set)

    def one(self, query: str, *values: Any) -> int | None:
        row = self.source.execute(query.encode(), values).fetchone()
        return None if row is None else int(row[0])

    def sign_up(self) -> int:
        name = f"viewer{next(_numbers)}_{os.getpid()}"
        user = self.one(
            "insert into users (username, email) values (%s, %s) returning user_id", name, f"{name}@example.org"
        )
        assert user is not None
        self.everybody.append(user)
        return user

    def begin(self) -> None:
        """New people, and new movies."""
        self.people = [self.sign_up() for _ in range(PEOPLE)]
        for number in range(MOVIES):
            movie = self.one("insert into movies (title) values (%s) returning movie_id", f"Film {number}")
            assert movie is not None
            self.movies.append(movie)

    def step(self, what: str, person: int, *rest: Any) -> None:
        user = self.people[person]
        if what == "leave":
            self.one("delete from users where user_id = %s returning user_id", user)
            self.people[person] = self.sign_up()
            return
        movie = self.movies[-1 - rest[0]]
        match what:
            case "rate":
                self.rate(user, movie, rest[1] / 2, rest[2])
            case "rate anew":
                with self.source.transaction():
                    self.step("take the rating back", person, rest[0])
                    self.rate(user, movie, rest[1] / 2, None)
            case "take the rating back":
                self.one("delete from ratings where user_id = %s and movie_id = %s returning 1", user, movie)
            case "watch":
                watched = self.one(
                    "insert into watched_movies (user_id, movie_id) values (%s, %s) "
                    "on conflict do nothing returning watched_id",
                    user,
                    movie,
                )
                self.viewings |= {watched} if watched else set()
            case "take the viewing back":
                self.one("delete from watched_movies where user_id = %s and movie_id = %s returning 1", user, movie)

    def rate(self, user: int, movie: int, stars: float, liked: bool | None) -> None:
        rating = self.one(
            "insert into ratings (user_id, movie_id, rating, liked) values (%s, %s, %s, %s) "
            "on conflict (user_id, movie_id) do update set rating = excluded.rating, liked = excluded.liked, "
            "rated_at = clock_timestamp() returning rating_id",
            *(user, movie, stars, liked),
        )
        assert rating is not None
        self.ratings.add(rating)

    def sourced(self) -> list[tuple[Any, ...]]:
        """What PostgreSQL holds of everybody."""
        query = (
            "select user_id, movie_id, rating::float8, (extract(epoch from rated_at) * 1000000)::bigint from ratings "
            "where user_id = any(%s) union all select user_id, movie_id, null, "
            "(extract(epoch from watched_at) * 1000000)::bigint from watched_movies where user_id = any(%s) "
            "union all select user_id, null, null, null from users where user_id = any(%s)"
        )
        return sorted(self.source.execute(query, [self.everybody] * 3).fetchall(), key=repr)

    def arrived(self) -> list[tuple[Any, ...]]:
        """The same of ClickHouse."""
        rows = self.query(
            "select user_id, movie_id, toFloat64(rating), toUnixTimestamp64Micro(rated_at) from raw.ratings final "
            "where user_id in {people:Array(Int64)} "
            "union all select user_id, movie_id, null, toUnixTimestamp64Micro(watched_at) "
            "from raw.watched_movies final where user_id in {people:Array(Int64)} "
            "union all select user_id, null, null, null from raw.users final where user_id in {people:Array(Int64)}"
        )
        return sorted(rows, key=repr)

    def known(self) -> dict[str, Any]:
        """What an API has to know, as ClickHouse says it."""
        opinions = self.query(
            "select user_id, movie_id, true, toFloat64(rating), liked, toUnixTimestamp64Micro(rated_at) "
            "from raw.ratings final where user_id in {people:Array(Int64)} "
            "union all select user_id, movie_id, false, null, null, toUnixTimestamp64Micro(watched_at) "
            "from raw.watched_movies final where user_id in {people:Array(Int64)}"
        )
        popular = self.query(
            "select movie_id, uniqExact(user_id) from (select movie_id, user_id from raw.ratings final "
            "union all select movie_id, user_id from raw.watched_movies final) "
            "where movie_id in {movies:Array(Int64)} group by movie_id"
        )
        return {
            "users": sorted(row[0] for row in self.arrived() if row[1] is None),
            "opinions": sorted(
                (
                    (user, movie, rated, interaction_score(stars, liked), at, stars)
                    for user, movie, rated, stars, liked, at in opinions
                ),
                key=repr,
            ),
            "popularity": dict.fromkeys(self.movies, 0) | dict(popular),
        }

    def versions(self) -> dict[str, dict[int, int]]:
        """The newest version of each rating and viewing that ever was, deleted or not."""
        return {
            "ratings": dict(
                self.query(
                    "select rating_id, max(_version) from raw.ratings where rating_id in {ids:Array(Int64)} "
                    "group by rating_id",
                    ids=sorted(self.ratings),
                )
            ),
            "viewings": dict(
                self.query(
                    "select watched_id, max(_version) from raw.watched_movies where watched_id in {ids:Array(Int64)} "
                    "group by watched_id",
                    ids=sorted(self.viewings),
                )
            ),
        }

    def query(self, query: str, **parameters: Any) -> list[tuple[Any, ...]]:
        given = {"people": self.everybody, "movies": self.movies} | parameters
        return [tuple(row) for row in self.raw.query(query, given).result_rows]

    def known_to(self, replica: Replica) -> dict[str, Any]:
        """What an API does know."""
        return {
            "users": [user for user in sorted(self.everybody) if user in replica.users],
            "opinions": sorted(
                (
                    (one.user_id, one.movie_id, one.rated, one.score, one.at, one.stars)
                    for user in self.everybody
                    for one in (*replica.ratings.of(user), *replica.watched.of(user))
                ),
                key=repr,
            ),
            "popularity": {movie: replica.catalogue.people(movie) for movie in self.movies},
        }

    def versions_of(self, replica: Replica) -> dict[str, dict[int, int]]:
        held = {"ratings": (replica.ratings, self.ratings), "viewings": (replica.watched, self.viewings)}
        return {
            name: {key: written[0] for key in ids if (written := rows.written(key)) is not None}
            for name, (rows, ids) in held.items()
        }


def patiently(seconds: float = 90) -> AsyncRetrying:
    return AsyncRetrying(
        retry=retry_if_exception_type(AssertionError),
        stop=stop_after_delay(seconds),
        wait=wait_fixed(0.05),
        reraise=True,
    )


@pytest.fixture(scope="module")
def cinema(
    stack: Stack, stream: Settings, clickhouse: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cinema]:
    assert stream.home == clickhouse.home
    with live_tables(stack, stream, tmp_path_factory.mktemp("histories") / "worker.log") as (source, raw):
        yield Cinema(stack, stream, source, raw)


@asynccontextmanager
async def an_api(settings: Settings) -> AsyncIterator[tuple[Replica, Progress]]:
    """An API that has just started."""
    app = create_app(settings)
    async with TestServer(app):
        yield app[keys.REPLICA], app[keys.PROGRESS]


async def raw_is_the_source(cinema: Cinema) -> None:
    async for attempt in patiently():
        with attempt:
            assert cinema.arrived() == cinema.sourced()


async def agrees(cinema: Cinema, replica: Replica, progress: Progress) -> None:
    """Until the API knows what ClickHouse holds, and has nothing left to count."""
    async for attempt in patiently():
        with attempt:
            assert progress.caught_up
            assert progress.lag == 0
            assert cinema.known_to(replica) == cinema.known()
            if progress.source is Source.CLICKHOUSE:
                assert cinema.versions_of(replica) == cinema.versions()


async def live_through(cinema: Cinema, steps: list[tuple[Any, ...]], *, forgets: bool) -> None:
    without_clickhouse = {"clickhouse_port": NOBODY_LISTENS - cinema.settings.port_offset}
    cinema.begin()
    async with AsyncExitStack() as apis:
        running = [await apis.enter_async_context(an_api(cinema.settings))]
        for step in steps:
            if step == ("restart",):
                if len(running) < 3:  # it starts in the middle of what goes on
                    running.append(await apis.enter_async_context(an_api(cinema.settings)))
            else:
                cinema.step(*step)
            await asyncio.sleep(0)
        if forgets:
            await asyncio.to_thread(cinema.stack.run, "clickhouse", "forget", str(cinema.people[0]), "--json")
        await raw_is_the_source(cinema)
        running.append(await apis.enter_async_context(an_api(cinema.settings.model_copy(update=without_clickhouse))))
        for replica, progress in running:
            await agrees(cinema, replica, progress)
        assert running[-1][1].source is Source.TOPICS


def test_whatever_happens_histories_are_what_clickhouse_holds(cinema: Cinema) -> None:
    forgets = itertools.cycle([True, False])

    @examples(
        max_examples=HISTORIES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],  # smaller examples of a race would be other races
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(_steps, min_size=10, max_size=40))
    def histories(steps: list[tuple[Any, ...]]) -> None:
        asyncio.run(live_through(cinema, steps, forgets=next(forgets)))

    histories()


async def test_an_api_that_starts_reads_clickhouse_and_says_so(cinema: Cinema) -> None:
    """Once the worker has committed what it delivered, which it does twice a second."""
    cinema.begin()
    cinema.step("rate", 0, 0, 9, True)
    await raw_is_the_source(cinema)
    async for attempt in patiently():
        with attempt:
            async with an_api(cinema.settings) as (replica, progress):
                await agrees(cinema, replica, progress)
                assert progress.source is Source.CLICKHOUSE


async def test_histories_are_read_in_parts_as_they_are_whole(cinema: Cinema) -> None:
    cinema.begin()
    for movie in range(MOVIES):
        cinema.step("rate", 0, movie, 3 + movie, None)
        cinema.step("watch", 1, movie)
    cinema.step("take the rating back", 0, 0)
    await raw_is_the_source(cinema)
    for at_once in (2, 1_000_000):
        histories = ClickHouseHistories(cinema.settings, at_once).read(lambda _seconds: False)
        assert cinema.known_to(histories.replica) == cinema.known()
        assert cinema.versions_of(histories.replica) == cinema.versions()
