"""The whole API on real PostgreSQL and Kafka: events made by hand move recommendations, outages take nothing away."""

import asyncio
import itertools
import secrets
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic  # type: ignore[attr-defined]  # not marked
from tenacity import AsyncRetrying, stop_after_delay, wait_fixed

from api.app import create_app
from api.commit_tokens import CommitToken
from api.follower import Batch, Follower
from dataflix.contracts import Contracts, load_contracts
from dataflix.settings import Settings
from dataflix.versions import RowVersion

Client = TestClient[web.Request, web.Application]
NOBODY_LISTENS = 9
MOMENT = "2026-01-02T03:04:05.123456Z"


def patiently(seconds: float = 60) -> AsyncRetrying:
    return AsyncRetrying(stop=stop_after_delay(seconds), wait=wait_fixed(0.02), reraise=True)


@dataclass
class MaskedTopics:
    """Writes masked events by hand, each with a higher version than the one before."""

    producer: Producer
    contracts: Contracts

    def __post_init__(self) -> None:
        self._versions = itertools.count(time.time_ns())

    def write(
        self,
        table: str,
        row: dict[str, Any],
        *,
        deleted: bool = False,
        version: int | None = None,
        txid: int | None = None,
    ) -> int:
        contract = self.contracts.table(table)
        number = next(self._versions) if version is None else version
        stream = {"_version": str(number), "_deleted": int(deleted), "_op": "d" if deleted else "c", "_commit_lsn": 1}
        source = {"_txid": txid, "_committed_at": MOMENT, "_topic": contract.private_topic, "_partition": 0}
        key = orjson.dumps({name: row[name] for name in contract.key})
        blank: dict[str, Any] = {} if deleted else dict.fromkeys(contract.by_name)
        value = orjson.dumps(blank | row | stream | source | {"_offset": 0})
        self.producer.produce(contract.masked_topic, value, key)
        if deleted:
            self.producer.produce(contract.masked_topic, None, key)
        self.producer.flush()
        return number

    def user(self, user_id: int) -> None:
        self.write("users", {"user_id": user_id, "username": "0" * 16, "email": "1" * 16})

    def movie(self, movie_id: int) -> None:
        self.write("movies", {"movie_id": movie_id, "title": f"Movie {movie_id}"})

    def rating(self, rating_id: int, user_id: int, movie_id: int, **options: Any) -> int:
        row = {"rating_id": rating_id, "user_id": user_id, "movie_id": movie_id, "rating": "4.5", "rated_at": MOMENT}
        return self.write("ratings", row, **options)


@pytest.fixture(scope="module")
def masked(public_topics: Settings) -> MaskedTopics:
    producer = Producer({"bootstrap.servers": str(public_topics.kafka)})
    return MaskedTopics(producer, load_contracts(public_topics.contracts))


@pytest.fixture
def ids() -> Iterator[int]:
    """Numbers that nobody else uses, far above those of the source."""
    return itertools.count(2**40 + secrets.randbits(40))


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[Client]:
    """An API without ClickHouse, which knows nothing of events made by hand."""
    alone = settings.model_copy(update={"clickhouse_port": NOBODY_LISTENS - settings.port_offset})
    async with TestClient(TestServer(create_app(alone))) as client:
        yield client


@pytest.fixture
async def client(source: Settings, masked: MaskedTopics) -> AsyncIterator[Client]:
    async with serving(source) as client:
        async for attempt in patiently():
            with attempt:
                assert (await client.get("/ready")).status == 200
        yield client


async def recommended(client: Client, user_id: int) -> list[int]:
    answer = await client.get(f"/recommendations/{user_id}", params={"limit": 100})
    assert answer.status == 200
    return [entry["movie_id"] for entry in (await answer.json())["recommendations"]]


async def counted(client: Client) -> float:
    """How many masked events the API has taken into account."""
    exposition = await (await client.get("/metrics")).text()
    [told] = [line for line in exposition.splitlines() if line.startswith("dataflix_api_events_total")]
    return float(told.split()[1])


@asynccontextmanager
async def following(follower: Follower) -> AsyncIterator[None]:
    task = asyncio.create_task(follower.run())
    try:
        yield
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_who_signs_up_over_rest_reads_their_own_writes_at_once(client: Client) -> None:
    name = secrets.token_hex(8)
    person = {"username": name, "email": f"{name}@example.net"}
    user_id = (await (await client.post("/users", json=person)).json())["user_id"]
    assert (await client.post("/users", json=person)).status == 409
    statuses = [
        (await client.post("/ratings", json={"user_id": user_id, "movie_id": 1, "rating": stars})).status
        for stars in (4.5, 2.0)
    ]
    listed = await (await client.get(f"/ratings/{user_id}")).json()
    assert statuses == [201, 200]
    assert [row["rating"] for row in listed["items"]] == [2.0]
    assert (await client.get(f"/recommendations/{user_id}")).status == 200


async def test_masked_events_change_recommendations(client: Client, masked: MaskedTopics, ids: Iterator[int]) -> None:
    user_id, movie_id, rating_id = next(ids), next(ids), next(ids)
    masked.movie(movie_id)
    masked.user(user_id)
    for _ in range(3):
        masked.rating(next(ids), next(ids), movie_id)
    async for attempt in patiently():
        with attempt:
            assert movie_id in await recommended(client, user_id)
    given = masked.rating(rating_id, user_id, movie_id)
    async for attempt in patiently():
        with attempt:
            assert movie_id not in await recommended(client, user_id)
    before = await counted(client)
    masked.write("ratings", {"rating_id": rating_id}, deleted=True)
    masked.rating(rating_id, user_id, movie_id, version=given)  # a repetition that comes late
    async for attempt in patiently():
        with attempt:
            assert await counted(client) >= before + 2
    assert movie_id in await recommended(client, user_id)


async def test_an_event_that_cannot_be_read_is_told_and_the_rest_goes_on(
    client: Client, masked: MaskedTopics, ids: Iterator[int]
) -> None:
    before = (await (await client.get("/health")).json())["stream"]["rejected"]
    masked.producer.produce("masked.users", b"{}", b'{"user_id":1}')
    masked.user(user_id := next(ids))
    async for attempt in patiently():
        with attempt:
            assert (await client.get(f"/recommendations/{user_id}")).status == 200
            assert (await (await client.get("/health")).json())["stream"]["rejected"] == before + 1


async def test_a_second_process_reads_the_same_from_the_beginning(
    client: Client, source: Settings, masked: MaskedTopics, ids: Iterator[int]
) -> None:
    masked.user(user_id := next(ids))
    masked.rating(next(ids), user_id, 1)
    async with serving(source) as other:
        async for attempt in patiently():
            with attempt:
                assert (await other.get("/ready")).status == 200
                one, two = [await (await each.get("/health")).json() for each in (client, other)]
                assert one["history"] == two["history"]
                assert two["history"]["ratings"] >= 1
                assert one["stream"]["lag"] == two["stream"]["lag"] == 0


async def test_without_kafka_the_api_serves_lists_and_says_that_it_knows_nothing(
    source: Settings, unused_tcp_port: int
) -> None:
    away = source.model_copy(update={"kafka_port": unused_tcp_port - source.port_offset})
    async with serving(away) as client:
        health = await (await client.get("/health")).json()
        assert (await client.get("/ready")).status == 503
        assert (await client.get("/movies")).status == 200
    assert health["stream"]["caught_up"] is False
    assert health["stream"]["seconds_since_contact"] is None


async def test_without_postgres_who_is_known_is_served_and_writes_ask_to_come_again(
    source: Settings, masked: MaskedTopics, ids: Iterator[int], unused_tcp_port: int
) -> None:
    masked.user(user_id := next(ids))
    away = source.model_copy(update={"postgres_port": unused_tcp_port - source.port_offset})
    async with serving(away) as client:
        async for attempt in patiently():
            with attempt:
                assert (await client.get("/ready")).status == 200
        assert (await client.get(f"/recommendations/{user_id}")).status == 200
        refused = await client.post("/ratings", json={"user_id": user_id, "movie_id": 1, "rating": 3.0})
        assert refused.status == 503
        assert refused.headers["Retry-After"]


async def test_a_partition_that_is_added_later_is_followed_too(kafka: Settings) -> None:
    topic = f"announcements_{secrets.token_hex(4)}"
    admin = AdminClient({"bootstrap.servers": str(kafka.kafka)})
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result()
    batches: list[Batch] = []
    follower = Follower(kafka.kafka, [], topic, batches.append, look_every=0.1)
    async with following(follower):
        async for attempt in patiently():
            with attempt:
                assert {partition for batch in batches for partition in batch.began} == {(topic, 0)}
        admin.create_partitions([NewPartitions(topic, 2)])[topic].result()
        producer = Producer({"bootstrap.servers": str(kafka.kafka)})
        producer.produce(topic, b"{}", partition=1)
        producer.flush()
        async for attempt in patiently():
            with attempt:
                assert any(batch.announced for batch in batches)


async def test_who_waits_for_a_commit_is_answered_when_the_stream_has_brought_it(
    client: Client, source: Settings, masked: MaskedTopics, ids: Iterator[int]
) -> None:
    person = {"username": (name := secrets.token_hex(8)), "email": f"{name}@example.net"}
    user_id = (await (await client.post("/users", json=person)).json())["user_id"]
    given = await client.post("/ratings", json={"user_id": user_id, "movie_id": 1, "rating": 4.5})
    token = CommitToken.read(text := given.headers["Commit-Token"])
    waiting = asyncio.create_task(client.get(f"/recommendations/{user_id}", params={"after": text}))
    version = RowVersion(0, 0, is_change=True, lsn=token.position - 1).packed()
    masked.rating(token.row_id, user_id, 1, version=version, txid=token.txid)
    assert (await (await waiting).json())["fresh"] is True
    async with serving(source) as restarted:
        async for attempt in patiently():
            with attempt:
                answer = await restarted.get(f"/recommendations/{user_id}", params={"after": text})
                assert (await answer.json())["fresh"] is True


async def test_listeners_are_told_of_a_change_and_of_the_list_that_it_moved(
    client: Client, masked: MaskedTopics, ids: Iterator[int]
) -> None:
    masked.user(user_id := next(ids))
    async for attempt in patiently():
        with attempt:
            assert (await client.get(f"/recommendations/{user_id}")).status == 200
    movie_id = (await recommended(client, user_id))[0]
    query = {"user_id": str(user_id), "types": "change,recommendations"}
    async with client.get("/events", params=query) as events:
        await events.content.readuntil(b"event: recommendations")
        masked.rating(rating_id := next(ids), user_id, movie_id)
        await events.content.readuntil(b'"rating_id":%d,' % rating_id)
        await events.content.readuntil(b'"left":[%d' % movie_id)


async def test_eight_equal_writes_at_once_with_one_key_make_one_row(client: Client) -> None:
    person = {"username": (name := secrets.token_hex(8)), "email": f"{name}@example.net"}
    key = {"Idempotency-Key": secrets.token_hex(16)}

    async def send_until_answered() -> tuple[int, bytes]:
        async for attempt in patiently():
            with attempt:
                answer = await client.post("/users", json=person, headers=key)
                assert answer.status != 409 or (await answer.json())["type"] != "urn:dataflix:problem:key-in-use"
                return answer.status, await answer.read()
        raise AssertionError

    answers = set(await asyncio.gather(*(send_until_answered() for _ in range(8))))
    assert [status for status, _ in answers] == [201]
