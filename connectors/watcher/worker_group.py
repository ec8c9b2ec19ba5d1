"""The consumer group of the workers, seen from Kafka."""

import logging
from collections.abc import Iterable

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]

from connectors.watcher.lag import Standing, Standings
from dataflix.contracts import Table
from dataflix.errors import SourceUnavailable
from dataflix.kafka_access import kafka_refusal, librdkafka
from dataflix.settings import WORKER_GROUP, KafkaBroker

REPLY_S = 5.0

_librdkafka = logging.getLogger("librdkafka")


class KafkaGroup:
    """What the broker knows of the group and of the private topics. It joins no group and reads no event."""

    def __init__(self, kafka: KafkaBroker, tables: Iterable[Table]) -> None:
        self._kafka = kafka
        self._tables = {table.private_topic: table.name for table in tables}
        client = librdkafka(kafka) | {"client.id": "dataflix-watcher", "log_level": 0}
        self._admin = AdminClient(client, logger=_librdkafka)
        # An administrator that asks for a group's offsets while the broker dies ends the process by an assertion
        # (librdkafka, issue 3663)
        self._member = Consumer(client | {"group.id": WORKER_GROUP, "enable.auto.commit": False}, logger=_librdkafka)

    def standings(self) -> Standings:
        """Raises SourceUnavailable."""
        try:
            topics = self._admin.list_topics(timeout=REPLY_S).topics
            partitions = [
                TopicPartition(topic, number)
                for topic in self._tables
                if topic in topics
                for number in topics[topic].partitions
            ]
            if not partitions:
                return {}
            ends = self._ends(partitions, OffsetSpec.latest())  # type: ignore[no-untyped-call]
            starts = self._ends(partitions, OffsetSpec.earliest())  # type: ignore[no-untyped-call]
            committed = {(of.topic, of.partition): of.offset for of in self._member.committed(partitions, REPLY_S)}
        except (KafkaException, TimeoutError):
            raise SourceUnavailable(
                kafka_refusal(self._kafka)
                or f"Kafka at {self._kafka} does not tell the offsets of the worker: see `bin/dataflix logs kafka`."
            ) from None
        standings: dict[str, dict[int, Standing]] = {}
        for at in partitions:
            place = (at.topic, at.partition)
            # what was never committed is a negative offset; what retention took is behind nobody
            delivered = max(committed.get(place, 0), starts[place])
            standings.setdefault(self._tables[at.topic], {})[at.partition] = Standing(ends[place], delivered)
        return standings

    def _ends(self, partitions: list[TopicPartition], spec: OffsetSpec) -> dict[tuple[str, int], int]:
        futures = self._admin.list_offsets(dict.fromkeys(partitions, spec), request_timeout=REPLY_S)
        return {(at.topic, at.partition): future.result(REPLY_S).offset for at, future in futures.items()}
