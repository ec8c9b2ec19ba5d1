"""What those who listen to `GET /events` get, when they come again, and when they are too slow."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from aiohttp import ClientResponse
from serving import NOW, Api, Client, a_champion, a_rating, an_api

from api.broadcast import Broadcast, PlaceLost
from api.changes import RatingChange
from api.keys import BROADCAST
from api.live_events import ChangeEvent, EventKind, LagEvent, ModelEvent, RecommendationsEvent
from api.newsroom import LONGEST_ROW, Counted
from dataflix.masked_events import MaskedEvent


def an_event(row: dict[str, Any] | None = None, ago: float = 0.25) -> MaskedEvent:
    committed = datetime.fromtimestamp(NOW - ago, UTC)
    return MaskedEvent("ratings", (1,), row or {"rating_id": 1}, 1, deleted=False, txid=5, committed_at=committed)


@asynccontextmanager
async def listening(client: Client, last: str | None = None, **query: str) -> AsyncIterator[ClientResponse]:
    headers = {} if last is None else {"Last-Event-ID": last}
    async with client.get("/events", params=query, headers=headers) as answer:
        assert answer.status == 200
        assert answer.content_type == "text/event-stream"
        assert (await answer.content.readuntil(b"\n\n")).startswith(b"retry: ")
        yield answer


async def next_event(answer: ClientResponse) -> tuple[str, str, dict[str, Any]]:
    """Id, name and data."""
    lines = (await answer.content.readuntil(b"\n\n")).decode().splitlines()
    fields = dict(line.split(": ", 1) for line in lines if line)
    return fields["id"], fields["event"], orjson.loads(fields["data"])


def counted(api: Api, *changes: Counted, live: bool = True) -> None:
    assert api.newsroom is not None
    api.newsroom.counted(changes, live=live)


async def test_a_change_comes_masked_with_the_time_since_its_commit() -> None:
    api = an_api()
    async with api.client() as client, listening(client) as answer:
        counted(api, Counted(an_event(), ()))
        _, name, data = await next_event(answer)
    assert name == EventKind.CHANGE
    change = ChangeEvent.model_validate(data)
    assert data.keys() == ChangeEvent.model_fields.keys()
    assert (change.table, change.row, change.txid, change.milliseconds) == ("ratings", {"rating_id": 1}, 5, 250.0)


async def test_what_is_read_of_the_past_at_start_is_no_news() -> None:
    api = an_api()
    async with api.client() as client, listening(client) as answer:
        counted(api, Counted(an_event({"rating_id": 1}), ()), live=False)
        counted(api, Counted(an_event({"rating_id": 2}), ()))
        assert (await next_event(answer))[2]["row"] == {"rating_id": 2}


async def test_a_very_long_row_comes_without_its_long_texts() -> None:
    api = an_api()
    async with api.client() as client, listening(client) as answer:
        counted(api, Counted(an_event({"rating_id": 1, "liked": "x" * LONGEST_ROW}), ()))
        assert (await next_event(answer))[2]["row"] == {"rating_id": 1}


async def test_a_list_comes_at_once_and_again_when_the_person_changed_it() -> None:
    api = an_api()
    api.champion = a_champion(version=3)
    api.stream(a_rating(1, movie=2, stars=5.0))
    async with api.client() as client, listening(client, user_id="7", types="recommendations") as answer:
        first = RecommendationsEvent.model_validate((await next_event(answer))[2])
        assert (first.cause, first.model_version, first.history, first.left) == ("connected", "3", 1, [])
        assert [(one.movie_id, one.place, one.before) for one in first.movies[:2]] == [(4, 1, None), (6, 2, None)]
        api.stream(a_rating(2, movie=4, stars=5.0, at=1))
        counted(api, Counted(an_event(), (7,)))
        second = RecommendationsEvent.model_validate((await next_event(answer))[2])
    assert (second.cause, second.history, second.milliseconds, second.left) == ("history", 2, 250.0, [4])
    assert [(one.movie_id, one.place, one.before) for one in second.movies[:2]] == [(6, 1, 2), (8, 2, 3)]


async def test_who_listens_to_an_api_that_just_started_is_sent_the_list_once_it_is_right() -> None:
    api = an_api()
    api.champion, api.progress.caught_up = a_champion(), False
    async with api.client() as client, listening(client, user_id="7", types="recommendations") as answer:
        counted(api, Counted(an_event(), (7,)), live=False)
        api.stream(a_rating(1, movie=2, stars=5.0))
        api.progress.caught_up = True
        counted(api, live=False)
        first = RecommendationsEvent.model_validate((await next_event(answer))[2])
    assert (first.cause, first.history, first.movies[0].movie_id) == ("connected", 1, 4)


async def test_lists_of_others_do_not_come() -> None:
    api = an_api()
    api.champion = a_champion()
    api.stream(a_rating(1, movie=2))
    async with (
        api.client() as client,
        listening(client, user_id="7", types="recommendations,model") as mine,
        listening(client, user_id="8", types="recommendations") as theirs,
    ):
        assert (await next_event(mine))[2]["user_id"] == 7
        assert (await next_event(theirs))[2]["user_id"] == 8
        api.stream(RatingChange(1, 10**9, None), a_rating(2, movie=3, at=1))
        counted(api, Counted(an_event(), (7,)))
        assert api.newsroom is not None
        assert (await next_event(mine))[2]["user_id"] == 7
        api.newsroom.model_switched("5", "4")
        name, data = (await next_event(mine))[1:]
    assert (name, ModelEvent.model_validate(data).version) == (EventKind.MODEL, "5")


async def test_an_unknown_person_or_type_is_an_error() -> None:
    async with an_api().client() as client:
        assert (await client.get("/events", params={"user_id": "999"})).status == 404
        for query in ({"types": "nonsense"}, {"types": ""}, {"user_id": "0"}, {"colour": "red"}):
            assert (await client.get("/events", params=query)).status == 422


async def test_lag_is_told_while_somebody_listens() -> None:
    api = an_api()
    async with api.client() as client, listening(client, types="lag") as answer:
        assert api.newsroom is not None
        api.newsroom.tell_lag()
        api.newsroom.tell_lag()
        told = [LagEvent.model_validate((await next_event(answer))[2]) for _ in range(2)]
    assert all(lag.caught_up for lag in told)


async def test_who_comes_again_goes_on_where_they_were() -> None:
    api = an_api()
    async with api.client() as client:
        async with listening(client) as answer:
            counted(api, Counted(an_event({"rating_id": 1}), ()))
            last = (await next_event(answer))[0]
        counted(api, Counted(an_event({"rating_id": 2}), ()), Counted(an_event({"rating_id": 3}), ()))
        async with listening(client, last=last) as answer:
            rows = [(await next_event(answer))[2]["row"]["rating_id"] for _ in range(2)]
    assert rows == [2, 3]


@pytest.mark.parametrize("last", ["", "7", "other-1", "other-x", "-", "x" * 1_000])
async def test_an_unknown_number_begins_with_a_reset(last: str) -> None:
    async with an_api().client() as client, listening(client, last=last) as answer:
        identity, name, data = await next_event(answer)
        assert (name, data) == (EventKind.RESET, {"reason": "unknown_id"})
        async with listening(client, last=identity) as again:
            client.server.app[BROADCAST].publish(EventKind.LAG, b"{}")  # type: ignore[attr-defined]  # any server
            assert (await next_event(again))[1] == EventKind.LAG


async def test_a_stop_lets_everybody_go() -> None:
    api = an_api()
    async with api.client() as client, listening(client) as answer:
        client.server.app[BROADCAST].close()  # type: ignore[attr-defined]  # any server
        assert await answer.content.read() == b""


def test_the_ring_is_bounded_by_number_and_by_bytes() -> None:
    ring = Broadcast(run="a", kept_events=3, kept_bytes=1_000)
    for _ in range(5):
        ring.publish(EventKind.LAG, b"{}")
    assert [sent.number for sent in ring.since(3)] == [3, 4, 5]
    with pytest.raises(PlaceLost, match="not kept") as lost:
        ring.place_after("a-1")
    assert lost.value.reason == "too_old"
    assert ring.place_after("a-2") == 3
    for never in ("a-6", "a--1", "a-", "b-3"):
        with pytest.raises(PlaceLost) as lost:
            ring.place_after(never)
        assert lost.value.reason == "unknown_id"
    ring.publish(EventKind.LAG, b"x" * 980)
    assert [sent.number for sent in ring.since(6)] == [6]
    with pytest.raises(PlaceLost):
        ring.since(5)


async def test_news_wake_everybody_who_waits() -> None:
    ring = Broadcast()
    waiting = [asyncio.create_task(ring.wait(ring.end)) for _ in range(3)]
    await asyncio.sleep(0)
    assert not any(task.done() for task in waiting)
    ring.publish(EventKind.LAG, b"{}")
    await asyncio.gather(*waiting)
