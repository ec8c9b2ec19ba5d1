"""Replay of dead letters, over a log, a sink and a publisher in memory."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any

import orjson
import pytest
from fetched import CONTRACTS, MASKING_KEY, NOW, RATINGS
from prometheus_client import CollectorRegistry

from dataflix.change_events import EPOCH_HEADER
from dataflix.dead_letters import Coordinates, DeadLetter
from dataflix.errors import SourceUnavailable
from dataflix.private_log import NEAR, Record, stretches
from dataflix.versions import RowVersion
from stream_processors.batches import Batch, BatchPreparer, Message
from stream_processors.delivery import Delivery
from stream_processors.event_publisher import MemoryPublisher
from stream_processors.instruments import Instruments
from stream_processors.patience import Patience
from stream_processors.raw_sink import MemorySink
from stream_processors.replay import AT_ONCE, Outcome, OwnTokens, Replay, Replayed
from tests.debezium import a_rating, an_event

TOPIC = RATINGS.private_topic
ROW_7 = b'{"rating_id":7}'


class MemoryLog:
    """Private topics as lists; what a worker would have acknowledged, by partition."""

    def __init__(self) -> None:
        self.records: defaultdict[tuple[str, int], list[Record]] = defaultdict(list)
        self.first: defaultdict[tuple[str, int], int] = defaultdict(int)
        self.commits: dict[tuple[str, int], int] = {}

    def write(self, value: bytes, topic: str = TOPIC, partition: int = 0, epoch: int = 0) -> Coordinates:
        records = self.records[topic, partition]
        headers = ((EPOCH_HEADER, b"%d" % epoch),)
        records.append(Record(topic, partition, len(records), ROW_7, value, headers=headers))
        return records[-1].coordinates

    def span(self, topic: str, partition: int) -> range:
        return range(self.first[topic, partition], len(self.records[topic, partition]))

    def read(self, topic: str, partition: int, offsets: range) -> Iterator[Record]:
        yield from (record for record in self.records[topic, partition] if record.offset in offsets)

    def acknowledged(self, topic: str, partition: int) -> int:
        return self.commits.get((topic, partition), len(self.records[topic, partition]))


class NoisyPublisher(MemoryPublisher):
    """While a publication is under way, the rest of the world goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile: list[Callable[[], None]] = []

    async def publish(self, messages: Sequence[Message]) -> None:
        await super().publish(messages)
        if self.meanwhile:
            self.meanwhile.pop(0)()


class Bench:
    """A replay with everything around it."""

    def __init__(self) -> None:
        self.log = MemoryLog()
        self.sink = MemorySink()
        self.publisher = NoisyPublisher()
        delivery = Delivery(OwnTokens(self.sink, "run"), self.publisher, Instruments(CollectorRegistry(), lambda: 0.0))
        self.gives_up = False

        preparer = BatchPreparer(CONTRACTS, masking_key=MASKING_KEY, patience=Patience(10**9), clock=lambda: NOW)

        async def deliver(batch: Batch) -> bool:
            return not self.gives_up and await delivery.deliver(batch, lambda: True)

        self.replay = Replay(CONTRACTS, preparer, self.log, self.sink, deliver)

    async def run(self, *events: Coordinates) -> list[Replayed]:
        letters = [a_letter(at) for at in events]
        return [done async for some in self.replay.run(letters) for done in some]

    def stars(self) -> dict[int, str]:
        """What raw holds."""
        return {row["rating_id"]: row["rating"] for row in self.sink.final(RATINGS).values()}

    def compacted(self) -> dict[bytes, str | None]:
        """What compaction leaves of the masked topic: of each key the last message."""
        return {key: value and orjson.loads(value).get("rating") for _, key, value in self.publisher.messages}


def a_letter(at: Coordinates, *, epoch: int = 0, kind: str = "UnfitValue", age: timedelta = timedelta()) -> DeadLetter:
    return DeadLetter(*at, "0123456789abcdef", kind, "The reason.", "c0ffee", epoch, NOW - age)


def change(stars: str, at: int, **envelope: Any) -> bytes:
    return an_event(a_rating(7, rating=stars), commit=at, lsn=at, **envelope)


async def test_a_replayed_event_is_in_raw_and_in_the_masked_topic() -> None:
    bench = Bench()
    at = bench.log.write(change("4.5", 100))
    assert await bench.run(at) == [Replayed(at, Outcome.REPLAYED)]
    assert bench.stars() == {7: "4.5"}
    assert bench.compacted() == {ROW_7: "4.5"}


async def test_an_event_that_still_cannot_be_read_is_refused_and_no_second_letter_is_written() -> None:
    bench = Bench()
    good, bad = bench.log.write(change("4.5", 100)), bench.log.write(change("unmistakable", 200))
    told = {done.coordinates: done for done in await bench.run(bad, good)}
    assert told[good].outcome is Outcome.REPLAYED
    assert told[bad].outcome is Outcome.REFUSED
    assert "rating" in told[bad].reason
    assert "unmistakable" not in told[bad].reason
    assert {message.topic for message in bench.publisher.messages} == {"masked.ratings"}


async def test_what_retention_took_has_expired() -> None:
    bench = Bench()
    at = bench.log.write(change("4.5", 100))
    bench.log.first[TOPIC, 0] = 1
    nowhere = Coordinates(TOPIC, 9, 0)
    assert [done.outcome for done in await bench.run(at, nowhere)] == [Outcome.EXPIRED] * 2
    assert not bench.publisher.messages


async def test_a_letter_of_a_table_that_lost_its_contract_is_refused() -> None:
    bench = Bench()
    at = bench.log.write(change("4.5", 100), topic="cdc.public.tags")
    (done,) = await bench.run(at)
    assert done.outcome is Outcome.REFUSED
    assert "cdc.public.tags" in done.reason


@pytest.mark.parametrize(("newer", "left"), [({"op": "u"}, {7: "1.0"}), ({"op": "d"}, {})])
async def test_a_stale_replay_never_beats_what_came_later(newer: dict[str, str], left: dict[int, str]) -> None:
    bench = Bench()
    stale = bench.log.write(change("4.5", 100))
    later = bench.log.write(change("1.0", 200, **newer))
    await bench.run(later)
    before = bench.compacted()
    (done,) = await bench.run(stale)
    assert done.outcome is Outcome.REPLAYED
    assert "newer change" in done.reason
    assert bench.stars() == left
    assert bench.compacted() == before


async def test_of_several_letters_of_one_row_the_newest_stays_last() -> None:
    bench = Bench()
    events = [bench.log.write(change(stars, at)) for stars, at in (("3.0", 300), ("1.0", 100), ("2.0", 200))]
    assert {done.outcome for done in await bench.run(*events)} == {Outcome.REPLAYED}
    assert bench.stars() == {7: "3.0"}
    assert bench.compacted() == {ROW_7: "3.0"}


async def test_a_change_that_the_worker_publishes_at_the_same_moment_stays_last() -> None:
    bench = Bench()
    stale = bench.log.write(change("4.5", 100))

    def worker_publishes(stars: str, at: int) -> None:
        bench.log.write(change(stars, at, op="u"))
        overtaken = bench.publisher.messages.pop()
        bench.publisher.messages += [Message("masked.ratings", ROW_7, orjson.dumps({"rating": stars})), overtaken]

    bench.publisher.meanwhile = [lambda: worker_publishes("1.0", 200), lambda: worker_publishes("2.0", 300)]
    await bench.run(stale)
    assert bench.compacted() == {ROW_7: "2.0"}


async def test_an_event_keeps_the_epoch_that_it_came_with() -> None:
    bench = Bench()
    old = bench.log.write(change("4.5", 900), epoch=2)
    new = bench.log.write(an_event(a_rating(7, rating="1.0"), op="r", commit=None, lsn=10), epoch=3)
    await bench.run(new)
    await bench.run(old)
    assert bench.stars() == {7: "1.0"}
    versions = [RowVersion.unpacked(int(row["_version"])) for row in bench.sink.rows["ratings"]]
    assert [version.epoch for version in versions] == [3, 2]


async def test_a_delivery_that_does_not_come_through_is_an_error_and_no_outcome() -> None:
    bench = Bench()
    at = bench.log.write(change("4.5", 100))
    bench.gives_up = True
    with pytest.raises(SourceUnavailable, match="letters are kept"):
        await bench.run(at)


async def test_many_letters_are_replayed_in_portions() -> None:
    bench = Bench()
    events = [bench.log.write(an_event(a_rating(number), lsn=number)) for number in range(AT_ONCE + 1)]
    portions = [some async for some in bench.replay.run([a_letter(at) for at in events])]
    assert [len(some) for some in portions] == [AT_ONCE, 1]
    assert len(bench.stars()) == AT_ONCE + 1


def test_letters_near_each_other_are_read_in_one_go() -> None:
    offsets = [0, 5, NEAR + 5, 3 * NEAR]
    found = stretches({Coordinates(TOPIC, 0, offset) for offset in offsets} | {Coordinates(TOPIC, 1, 1)})
    assert [(first.partition, first.offset, last.offset) for first, last in found] == [
        (0, 0, NEAR + 5),
        (0, 3 * NEAR, 3 * NEAR),
        (1, 1, 1),
    ]
