"""A token names a commit, and a read waits for it: no longer than it must, and never for ever."""

import asyncio
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from serving import PERSON, Client, a_champion, a_rating, an_api

from api.arrivals import Arrivals
from api.changes import RatingChange
from api.commit_tokens import HEADER, CommitToken
from api.replica import Replica
from dataflix.versions import RowVersion

_words = st.integers(0, 2**64 - 1)
_tables = st.sampled_from(["ratings", "watched_movies", "users"])
_positions = st.integers(0, 2**40)


@given(st.builds(CommitToken.of, _tables, _words, _words, st.integers(0, 2**56 - 1), st.integers(-1, 255)))
def test_a_token_is_read_as_what_it_was(token: CommitToken) -> None:
    assert CommitToken.read(str(token)) == token


@given(st.text(max_size=40) | st.integers() | st.from_regex(r"\A[A-Za-z0-9_-]{28}\Z"))
def test_what_is_no_token_is_refused(text: object) -> None:
    with suppress(ValueError):
        assert str(CommitToken.read(text)) == text


def version(lsn: int, commit_lsn: int = 0, *, is_change: bool = True, epoch: int = 0) -> int:
    return RowVersion(epoch, commit_lsn, is_change, lsn).packed()


@given(_positions, _positions)
def test_a_row_shows_a_commit_when_its_transaction_or_a_later_one_wrote_it(position: int, lsn: int) -> None:
    token = CommitToken.of("ratings", 1, 7 + 2**32, position)
    assert token.arrived_in(version(lsn), 7)
    assert token.arrived_in(version(lsn), 8) == (lsn > position)
    assert token.arrived_in(version(lsn), None) == (lsn > position)


def test_a_snapshot_shows_the_commits_that_the_stream_had_seen_when_it_was_read() -> None:
    token = CommitToken.of("ratings", 1, 7, position=50)
    assert not token.arrived_in(version(lsn=90, commit_lsn=40, is_change=False), None)
    assert token.arrived_in(version(lsn=90, commit_lsn=60, is_change=False), None)


def test_what_was_read_anew_since_shows_the_commit_wherever_the_log_stands() -> None:
    token = CommitToken.of("ratings", 1, 7, position=50, epoch=1)
    assert token.arrived_in(version(lsn=5, is_change=False, epoch=2), None)
    assert not token.arrived_in(version(lsn=90, epoch=0), 8)
    assert token.arrived_in(version(lsn=40, epoch=0), 7)  # the connector had not begun the epoch yet


async def test_who_waits_is_woken_by_the_change_of_that_row_alone() -> None:
    replica = Replica()
    arrivals = Arrivals(replica, patience=30)
    waiting = asyncio.create_task(arrivals.wait(CommitToken.of("ratings", 1, 7, position=50)))
    for change in (
        RatingChange(2, version(60), None, txid=7),
        RatingChange(1, version(40), None, txid=6),
    ):
        replica.apply(change)
        arrivals.applied([change])
        await asyncio.sleep(0)
        assert not waiting.done()
    change = RatingChange(1, version(45), None, txid=7)
    replica.apply(change)
    arrivals.applied([change])
    assert await waiting


async def test_one_more_than_may_wait_is_answered_at_once() -> None:
    arrivals = Arrivals(Replica(), patience=30, max_waiting=1)
    token = CommitToken.of("ratings", 1, 7, position=50)
    waiting = asyncio.create_task(arrivals.wait(token))
    await asyncio.sleep(0)
    assert not await arrivals.wait(token)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    again = asyncio.create_task(arrivals.wait(token))
    await asyncio.sleep(0)
    assert not again.done()
    again.cancel()


async def token_of_a_rating(client: Client, user: int, movie: int) -> str:
    answer = await client.post("/ratings", json={"user_id": user, "movie_id": movie, "rating": 5.0})
    assert answer.status == 201
    return answer.headers[HEADER]


async def test_recommendations_say_whether_they_count_the_commit() -> None:
    api = an_api()
    api.champion = a_champion()
    async with api.client() as client:
        user = (await (await client.post("/users", json=PERSON)).json())["user_id"]
        text = await token_of_a_rating(client, user, 2)
        unasked = await (await client.get(f"/recommendations/{user}")).json()
        early = await (await client.get(f"/recommendations/{user}", params={"after": text})).json()
        change = a_rating(CommitToken.read(text).row_id, user=user, movie=2, version=version(10**6))
        api.stream(change)
        late = await (await client.get(f"/recommendations/{user}", params={"after": text})).json()
    assert (unasked["fresh"], early["fresh"], late["fresh"]) == (None, False, True)
    assert (early["history"], late["history"]) == (0, 1)


@pytest.mark.parametrize("path", ["/ratings/1", "/watched/1"])
async def test_lists_show_every_commit_at_once(path: str) -> None:
    async with an_api().client() as client:
        await client.post("/users", json=PERSON)
        text = await token_of_a_rating(client, 1, 2)
        assert (await (await client.get(path)).json())["fresh"] is None
        assert (await (await client.get(path, params={"after": text})).json())["fresh"] is True
        assert (await (await client.get(path, params={"after": 0})).json())["fresh"] is None


@pytest.mark.parametrize("path", ["/recommendations/1", "/ratings/1", "/watched/1"])
@pytest.mark.parametrize("after", ["", "x", "-1", "A" * 28, "é" * 28, "A" * 5_000])
async def test_a_token_that_is_none_is_an_error_of_the_caller(path: str, after: str) -> None:
    async with an_api().client() as client:
        assert (await client.get(path, params={"after": after})).status == 422
