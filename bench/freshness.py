"""From a commit in PostgreSQL to the private topic, the masked topic and raw, all by one clock."""

import threading
import time
from collections.abc import Callable
from typing import Any

import clickhouse_connect
import orjson
from confluent_kafka import Consumer, TopicPartition

from bench.committing import Pair, commit
from bench.people import MOVIES, Crowd, crowd
from bench.percentiles import milliseconds
from dataflix.errors import DataflixError
from dataflix.settings import Settings

VISIBLE_WITHIN = 1_000_000  # microseconds: a row of one insert may be seen after a later one of another
PATIENCE = 30.0  # seconds that the last change may take before the run is called incomplete


class Sightings:
    """When each (user, movie) was first seen at one place, in seconds of the monotonic clock."""

    def __init__(self) -> None:
        self.at: dict[Pair, float] = {}

    def saw(self, pair: Pair) -> None:
        self.at.setdefault(pair, time.perf_counter())


def freshness(settings: Settings, rate: float, seconds: float) -> dict[str, Any]:
    """Commit ``rate`` ratings a second for ``seconds``; percentiles of the time until each place shows them.

    The clock of a change starts when PostgreSQL has acknowledged its commit. Raises DataflixError when a change
    did not arrive within 30 s.
    """
    count = round(rate * seconds)
    with crowd(settings, people=-(-count // MOVIES)) as people:
        places = {"debezium_ms": Sightings(), "masked_ms": Sightings(), "raw_ms": Sightings()}
        stop, ready = threading.Event(), threading.Barrier(len(places) + 1)
        watchers = (
            lambda: _watch_topic(settings, "cdc.public.ratings", places["debezium_ms"], stop, ready),
            lambda: _watch_topic(settings, "masked.ratings", places["masked_ms"], stop, ready),
            lambda: _watch_raw(settings, people, places["raw_ms"], stop, ready),
        )
        threads = [threading.Thread(target=watch, daemon=True) for watch in watchers]
        for thread in threads:
            thread.start()
        ready.wait(PATIENCE)
        committed = commit(settings, list(people.pairs())[:count], rate)
        try:
            _wait_for(lambda: all(committed.keys() <= place.at.keys() for place in places.values()))
        finally:
            stop.set()
            for thread in threads:
                thread.join(PATIENCE)
    latencies = {name: [place.at[pair] - at for pair, at in committed.items()] for name, place in places.items()}
    return {"rate": rate, "count": count} | {name: milliseconds(values) for name, values in latencies.items()}


def _watch_topic(
    settings: Settings, topic: str, seen: Sightings, stop: threading.Event, ready: threading.Barrier
) -> None:
    consumer = Consumer(
        {
            "bootstrap.servers": str(settings.kafka),
            "group.id": "bench",
            "enable.auto.commit": False,
            "fetch.wait.max.ms": 5,
        }
    )
    try:
        partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
        ends = ((p, consumer.get_watermark_offsets(TopicPartition(topic, p), timeout=10)[1]) for p in partitions)
        consumer.assign([TopicPartition(topic, partition, end) for partition, end in ends])
        ready.wait(PATIENCE)
        while not stop.is_set():
            message = consumer.poll(0.05)
            if message is None or message.error() or not (value := message.value()):
                continue
            event = orjson.loads(value)
            row = event.get("after", event) or {}
            if "user_id" in row:
                seen.saw((row["user_id"], row["movie_id"]))
    finally:
        consumer.close()


def _watch_raw(
    settings: Settings, people: Crowd, seen: Sightings, stop: threading.Event, ready: threading.Barrier
) -> None:
    client = clickhouse_connect.get_client(
        host=settings.clickhouse.host,
        port=settings.clickhouse.port,
        username="verifier",
        password=settings.clickhouse_verifier_password.get_secret_value(),
    )
    # Only what came since: reading everything each time would take the processor from what is measured
    query = (
        "select user_id, movie_id, toUnixTimestamp64Micro(_ingested_at) from raw.ratings"
        " where user_id >= {first:Int64} and toUnixTimestamp64Micro(_ingested_at) > {newest:Int64} - {margin:Int64}"
    )
    asked = {"first": people.users[0], "newest": 0, "margin": VISIBLE_WITHIN}
    ready.wait(PATIENCE)
    while not stop.is_set():
        for user, movie, ingested in client.query(query, parameters=asked).result_rows:
            seen.saw((user, movie))
            asked["newest"] = max(asked["newest"], ingested)
        stop.wait(0.003)
    client.close()


def _wait_for(complete: Callable[[], bool]) -> None:
    deadline = time.perf_counter() + PATIENCE
    while not complete():
        if time.perf_counter() > deadline:
            raise DataflixError(f"Some changes did not arrive within {PATIENCE:.0f} s: see `bin/dataflix status`.")
        time.sleep(0.02)
