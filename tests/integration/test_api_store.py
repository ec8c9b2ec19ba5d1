"""One suite over the store on PostgreSQL and the one in memory: neither can change alone."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from api.memory_store import MemoryStore
from api.postgres_store import PostgresStore, open_store
from api.resources.forms import PageQuery
from api.resources.movies import Movie, MoviesQuery
from api.resources.opinions import NewRating, NewWatched
from api.resources.people import NewUser, UserUpdate
from api.store import KeptAnswer, KeyInUse, Put, Store, Taken, UnknownReference
from dataflix.errors import SourceUnavailable
from dataflix.settings import Settings

NOBODY = NO_MOVIE = 2**62
ALL = PageQuery(limit=500)
SAMPLE_MOVIES = 20
AN_ANSWER = KeptAnswer(b"digest", 201, {"Location": "/users/1"}, b'{"user_id":1}')


def a_person(**values: str) -> NewUser:
    name = secrets.token_hex(8)
    person = {"username": name, "email": f"{name}@example.net", "first_name": "Augusta", "last_name": "Lovelace"}
    return NewUser.model_validate(person | values)


def a_movie(movie_id: int) -> Movie:
    return Movie(
        movie_id=movie_id,
        title=f"Movie {movie_id}",
        description=None,
        genre="Drama",
        release_year=1979,
        director=None,
        duration_minutes=162,
        imdb_rating=8.1,
    )


def postgres_store(settings: Settings) -> AbstractAsyncContextManager[PostgresStore]:
    return open_store(settings.postgres_conninfo("dataflix_api", settings.postgres_api_password))


@pytest.fixture(params=["memory", "postgres"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    if request.param == "memory":
        yield MemoryStore(a_movie(number) for number in range(1, SAMPLE_MOVIES + 1))
        return
    settings: Settings = request.getfixturevalue("source")
    async with postgres_store(settings) as postgres:
        yield postgres


@pytest.fixture
async def user(store: Store) -> int:
    return (await store.add_user(a_person())).value.user_id


async def test_who_was_added_is_found_masked(store: Store) -> None:
    added = (await store.add_user(a_person(city="London"))).value
    assert (added.first_name, added.last_name, added.city) == ("A******", "L*******", "London")
    assert await store.user(added.user_id) == added
    assert await store.users(PageQuery(limit=1, after=added.user_id - 1)) == [added]


@pytest.mark.parametrize("field", ["username", "email"])
async def test_what_somebody_has_is_taken(store: Store, field: str) -> None:
    first = a_person()
    await store.add_user(first)
    with pytest.raises(Taken) as taken:
        await store.add_user(a_person(**{field: getattr(first, field)}))
    assert taken.value.field == field
    assert getattr(first, field) not in str(taken.value)


async def test_nobody_and_no_movie_are_none(store: Store) -> None:
    assert await store.user(NOBODY) is None
    assert await store.movie(NO_MOVIE) is None


async def test_movies_come_in_pages_in_the_order_of_ids(store: Store) -> None:
    first = await store.movies(MoviesQuery(limit=7))
    second = await store.movies(MoviesQuery(limit=7, after=first[-1].movie_id))
    ids = [movie.movie_id for movie in first + second]
    assert ids == sorted(set(ids))
    assert len(ids) == 14
    assert await store.movie(first[0].movie_id) == first[0]


@pytest.mark.parametrize(
    "asked",
    [
        lambda movie: {"title": movie.title[1:].upper()},
        lambda movie: {"genre": (movie.genre or "").split("|")[-1].lower()},
        lambda movie: {"year": movie.release_year},
    ],
    ids=["title", "genre", "year"],
)
async def test_movies_are_found_by_what_they_are(store: Store, asked: Callable[[Movie], dict[str, Any]]) -> None:
    movie = await store.movie(3)
    assert movie is not None
    wanted = asked(movie)
    found = await store.movies(MoviesQuery(limit=500, **wanted))
    everything = await store.movies(MoviesQuery(limit=500))
    assert movie in found
    assert [one for one in everything if asked(one) == wanted] == [one for one in found if asked(one) == wanted]
    assert await store.movies(MoviesQuery(limit=500, **wanted, director="nobody of this name")) == []


async def test_what_is_searched_for_is_text_and_no_pattern(store: Store) -> None:
    assert await store.movies(MoviesQuery(title="%")) == []


async def test_of_a_person_changes_what_is_named(store: Store, user: int) -> None:
    put = await store.change_user(user, UserUpdate(city="Paris", last_name=None))
    assert put is not None
    changed = put.value
    assert (changed.first_name, changed.last_name, changed.city) == ("A******", None, "Paris")
    assert await store.user(user) == changed
    assert await store.change_user(NOBODY, UserUpdate(city="Paris")) is None


async def test_who_is_erased_is_gone_with_all_that_was_theirs_and_the_rest_waits(store: Store, user: int) -> None:
    neighbour = (await store.add_user(a_person())).value.user_id
    for person in (user, neighbour):
        await store.rate(NewRating(user_id=person, movie_id=3, rating=4.5))
        await store.mark_watched(NewWatched(user_id=person, movie_id=4))
    erasure = await store.erase_user(user)
    assert erasure is not None
    assert (erasure.user_id, erasure.state, erasure.erased_at) == (user, "deleted", None)
    assert await store.user(user) is None
    assert (await store.ratings(user, ALL), await store.watched(user, ALL)) == ([], [])
    assert len(await store.ratings(neighbour, ALL)) == len(await store.watched(neighbour, ALL)) == 1
    assert await store.erasure(user) == await store.erase_user(user) == erasure
    assert await store.any_erasure_waits()


async def test_the_administrator_reads_whole_names_and_addresses(store: Store, user: int) -> None:
    person = await store.person(user)
    assert person is not None
    assert (person.first_name, person.last_name) == ("Augusta", "Lovelace")
    assert person.email == f"{person.username}@example.net"
    assert await store.people(PageQuery(limit=1, after=user - 1)) == [person]
    assert await store.person(NOBODY) is None


async def test_nobody_is_not_erased(store: Store, user: int) -> None:
    assert await store.erase_user(NOBODY) is None
    assert await store.erasure(NOBODY) is None
    assert await store.erasure(user) is None


async def test_what_is_written_while_a_person_is_erased_goes_too_or_is_refused(store: Store, user: int) -> None:
    ratings = (store.rate(NewRating(user_id=user, movie_id=movie, rating=3.0)) for movie in range(1, 9))
    done = await asyncio.gather(store.erase_user(user), *ratings, return_exceptions=True)
    assert {type(one) for one in done if isinstance(one, BaseException)} <= {UnknownReference}
    assert await store.ratings(user, ALL) == []


@pytest.mark.parametrize("field", ["username", "email"])
async def test_nobody_takes_over_what_somebody_has(store: Store, user: int, field: str) -> None:
    other = a_person()
    await store.add_user(other)
    with pytest.raises(Taken) as taken:
        await store.change_user(user, UserUpdate.model_validate({field: getattr(other, field)}))
    assert taken.value.field == field


async def test_a_rating_is_taken_back_once(store: Store, user: int) -> None:
    await store.rate(NewRating(user_id=user, movie_id=3, rating=4.5))
    await store.rate(NewRating(user_id=user, movie_id=4, rating=4.5))
    assert [bool(await store.unrate(user, 3)) for _ in range(2)] == [True, False]
    assert [row.movie_id for row in await store.ratings(user, ALL)] == [4]


async def test_a_viewing_is_unmarked_once(store: Store, user: int) -> None:
    await store.mark_watched(NewWatched(user_id=user, movie_id=3))
    assert [bool(await store.unmark_watched(user, 3)) for _ in range(2)] == [True, False]
    assert await store.watched(user, ALL) == []


async def test_a_rating_is_created_then_replaced(store: Store, user: int) -> None:
    first = await store.rate(NewRating(user_id=user, movie_id=3, rating=4.5, liked=True))
    second = await store.rate(NewRating(user_id=user, movie_id=3, rating=2.0))
    assert (first.created, second.created) == (True, False)
    assert first.value.rating_id == second.value.rating_id
    assert (second.value.rating, second.value.liked) == (2.0, None)
    assert second.value.rated_at >= first.value.rated_at
    assert await store.ratings(user, ALL) == [second.value]


async def test_every_write_names_its_row_and_a_commit_of_its_own(store: Store, user: int) -> None:
    rated = await store.rate(NewRating(user_id=user, movie_id=3, rating=4.5))
    again = await store.rate(NewRating(user_id=user, movie_id=3, rating=2.0))
    watched = await store.mark_watched(NewWatched(user_id=user, movie_id=3))
    tokens = [rated.token, again.token, watched.token, await store.unmark_watched(user, 3), await store.unrate(user, 3)]
    named = [(token.table, token.row_id) for token in tokens if token is not None]
    rating, viewing = ("ratings", rated.value.rating_id), ("watched_movies", watched.value.watched_id)
    assert named == [rating, rating, viewing, viewing, rating]
    positions = [token.position for token in tokens if token is not None]
    assert positions == sorted(set(positions))
    assert len({token.txid for token in tokens if token is not None}) == len(tokens)
    assert {token.epoch for token in tokens if token is not None} == {0}


async def test_ratings_come_in_pages(store: Store, user: int) -> None:
    for movie in (5, 4, 3):
        await store.rate(NewRating(user_id=user, movie_id=movie, rating=3.0))
    first = await store.ratings(user, PageQuery(limit=2))
    rest = await store.ratings(user, PageQuery(limit=2, after=first[-1].rating_id))
    assert [row.movie_id for row in first + rest] == [5, 4, 3]


async def test_eight_equal_writes_at_once_make_one_row(store: Store, user: int) -> None:
    rating = NewRating(user_id=user, movie_id=3, rating=4.0)
    puts = await asyncio.gather(*(store.rate(rating) for _ in range(8)))
    assert sum(put.created for put in puts) == 1
    assert len(await store.ratings(user, ALL)) == 1


async def test_of_many_writes_at_once_each_gets_its_own_answer(store: Store) -> None:
    """Also those that fail, that repeat one of the others, and of which nothing is new."""
    people = [(await store.add_user(a_person())).value.user_id for _ in range(6)]
    await store.rate(NewRating(user_id=people[0], movie_id=1, rating=1.0))
    given = [(user, movie) for movie in (1, 2, 1) for user in people] + [(NOBODY, 1), (people[0], NO_MOVIE)]
    done = await asyncio.gather(
        *(store.rate(NewRating(user_id=user, movie_id=movie, rating=4.5)) for user, movie in given),
        *(store.mark_watched(NewWatched(user_id=user, movie_id=movie)) for user, movie in given),
        return_exceptions=True,
    )
    for answers, before in ((done[: len(given)], 1), (done[len(given) :], 0)):
        assert [one.thing for one in answers if isinstance(one, UnknownReference)] == ["user", "movie"]
        puts = [one for one in answers if isinstance(one, Put)]
        assert [(put.value.user_id, put.value.movie_id) for put in puts] == given[:-2]
        assert sum(put.created for put in puts) == 2 * len(people) - before
        assert len({str(put.token) for put in puts}) == len(puts)
    for user in people:
        assert {(row.movie_id, row.rating) for row in await store.ratings(user, ALL)} == {(1, 4.5), (2, 4.5)}
        assert {row.movie_id for row in await store.watched(user, ALL)} == {1, 2}


async def test_who_waits_for_somebody_elses_lock_keeps_nobody_else_waiting(source: Settings) -> None:
    conninfo = source.postgres_conninfo("dataflix_admin", source.postgres_admin_password)
    async with postgres_store(source) as store, await psycopg.AsyncConnection.connect(conninfo) as admin:
        locked, *others = [(await store.add_user(a_person())).value.user_id for _ in range(5)]
        await store.rate(NewRating(user_id=locked, movie_id=1, rating=1.0))
        await admin.execute("update ratings set rating = 2.0 where user_id = %s", [locked])
        waiting = [
            asyncio.create_task(store.rate(NewRating(user_id=locked, movie_id=1, rating=stars)))
            for stars in (3.0, 4.0, 5.0)
        ]
        done = await asyncio.gather(
            *(store.rate(NewRating(user_id=user, movie_id=1, rating=4.5)) for user in others for _ in range(3))
        )
        assert all(put.value.rating == 4.5 for put in done)
        await admin.commit()
        outcomes = await asyncio.gather(*waiting, return_exceptions=True)
        assert {type(one) for one in outcomes} <= {Put, SourceUnavailable}, "who waited too long may be told so"


async def test_a_movie_is_watched_once_and_keeps_its_moment(store: Store, user: int) -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    first = await store.mark_watched(NewWatched(user_id=user, movie_id=3, watched_at=moment))
    again = await store.mark_watched(NewWatched(user_id=user, movie_id=3))
    assert (first.created, again.created) == (True, False)
    assert first.value.watched_at == again.value.watched_at == moment
    assert await store.watched(user, ALL) == [again.value]


async def test_a_moment_that_is_given_replaces_the_one_before(store: Store, user: int) -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    await store.mark_watched(NewWatched(user_id=user, movie_id=3))
    moved = await store.mark_watched(NewWatched(user_id=user, movie_id=3, watched_at=moment))
    assert moved.value.watched_at == moment


async def test_writes_name_what_they_do_not_find(store: Store, user: int) -> None:
    for user_id, movie_id, thing in ((NOBODY, 3, "user"), (user, NO_MOVIE, "movie"), (NOBODY, NO_MOVIE, "user")):
        with pytest.raises(UnknownReference) as rating:
            await store.rate(NewRating(user_id=user_id, movie_id=movie_id, rating=3.0))
        with pytest.raises(UnknownReference) as watched:
            await store.mark_watched(NewWatched(user_id=user_id, movie_id=movie_id))
        assert (rating.value.thing, watched.value.thing) == (thing, thing)


async def test_what_people_write_is_a_value_and_never_sql(store: Store) -> None:
    city = "'; drop table ratings; --"
    assert (await store.add_user(a_person(city=city))).value.city == city


async def test_connections_that_were_cut_are_replaced_before_a_request_gets_them(source: Settings) -> None:
    admin = source.postgres_conninfo("dataflix_admin", source.postgres_admin_password)
    async with postgres_store(source) as store:
        assert await store.movies(MoviesQuery())
        async with await psycopg.AsyncConnection.connect(admin, autocommit=True) as connection:
            await connection.execute(
                "select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename = 'dataflix_api'"
            )
        assert await store.movies(MoviesQuery())


async def test_a_database_that_is_away_is_one_error_without_its_address(source: Settings, unused_tcp_port: int) -> None:
    away = source.model_copy(update={"postgres_port": unused_tcp_port, "port_offset": 0})
    async with postgres_store(away) as store:
        with pytest.raises(SourceUnavailable) as unavailable:
            await store.movies(MoviesQuery())
    assert str(unused_tcp_port) not in str(unavailable.value)


async def test_the_next_attempt_finds_the_answer_of_the_one_before(store: Store, user: int) -> None:
    key = secrets.token_bytes(32)
    async with store.attempt(key) as attempt:
        assert attempt.kept is None
        await attempt.store.rate(NewRating(user_id=user, movie_id=1, rating=4.5))
        await attempt.keep(AN_ANSWER, user)
    async with store.attempt(key) as attempt:
        assert attempt.kept == AN_ANSWER


async def test_a_key_has_one_attempt_at_a_time(store: Store) -> None:
    key = secrets.token_bytes(32)
    async with store.attempt(key):
        with pytest.raises(KeyInUse):
            async with store.attempt(key):
                pass
        async with store.attempt(secrets.token_bytes(32)) as other:
            assert other.kept is None


async def test_an_attempt_that_fails_leaves_its_key_unused(store: Store) -> None:
    key = secrets.token_bytes(32)
    with pytest.raises(UnknownReference):
        async with store.attempt(key) as attempt:
            await attempt.store.rate(NewRating(user_id=NOBODY, movie_id=1, rating=4.5))
    async with store.attempt(key) as attempt:
        assert attempt.kept is None


async def test_the_answer_is_forgotten_with_the_person(store: Store, user: int) -> None:
    key = secrets.token_bytes(32)
    async with store.attempt(key) as attempt:
        await attempt.keep(AN_ANSWER, user)
    await store.erase_user(user)
    async with store.attempt(key) as attempt:
        assert attempt.kept is None


async def test_an_attempt_that_was_broken_off_wrote_nothing(source: Settings) -> None:
    key = secrets.token_bytes(32)
    async with postgres_store(source) as store:
        user = (await store.add_user(a_person())).value.user_id
        kept = asyncio.Event()

        async def write_and_linger() -> None:
            async with store.attempt(key) as attempt:
                await attempt.store.rate(NewRating(user_id=user, movie_id=1, rating=4.5))
                await attempt.keep(AN_ANSWER, user)
                kept.set()
                await asyncio.Event().wait()

        writing = asyncio.create_task(write_and_linger())
        await kept.wait()
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing
        assert await store.ratings(user, ALL) == []
        async with store.attempt(key) as attempt:
            assert attempt.kept is None


async def test_an_answer_expires(source: Settings) -> None:
    keys = [secrets.token_bytes(32) for _ in range(2)]
    async with postgres_store(source) as store:
        for key in keys:
            async with store.attempt(key) as attempt:
                await attempt.keep(AN_ANSWER, None)
        conninfo = source.postgres_conninfo("dataflix_admin", source.postgres_admin_password)
        async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as admin:
            await admin.execute("update dataflix.idempotency_keys set expires_at = now() where key = any(%s)", [keys])
            async with store.attempt(keys[0]) as attempt:
                assert attempt.kept is None
            await store.forget_expired_answers()
            left = await admin.execute("select from dataflix.idempotency_keys where key = any(%s)", [keys])
            assert await left.fetchall() == []
