"""How far the worker is, asked of Kafka: ends of the private topics, and what its group has committed of them."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from logging import getLogger

from confluent_kafka import Consumer, KafkaException, TopicPartition

from api.progress import Partition
from dataflix.contracts import Table
from dataflix.errors import SourceUnavailable
from dataflix.kafka_access import kafka_refusal, librdkafka
from dataflix.settings import WORKER_GROUP, KafkaBroker

REPLY_SECONDS = 5.0


class WorkerOffsets:
    """Asks in the name of the worker's group, and neither joins it nor reads or commits anything."""

    def __init__(self, broker: KafkaBroker, tables: Iterable[Table]) -> None:
        self._broker = broker
        self._tables = {table.private_topic: table.masked_topic for table in tables}

    def begun(self) -> frozenset[str]:
        """The masked topics of whose tables the group has committed something."""
        return frozenset(self._tables[topic] for topic, _ in self.committed())

    def private_ends(self) -> Mapping[Partition, int]:
        """Where each partition of the private topics ends."""
        with self._asking() as consumer:
            return {
                partition: consumer.get_watermark_offsets(TopicPartition(*partition), timeout=REPLY_SECONDS)[1]
                for partition in self._partitions(consumer)
            }

    def committed(self) -> Mapping[Partition, int]:
        """What the group has committed, of the partitions of which it has."""
        with self._asking() as consumer:
            asked = [TopicPartition(*partition) for partition in self._partitions(consumer)]
            told = consumer.committed(asked, timeout=REPLY_SECONDS) if asked else []
            return {(one.topic, one.partition): one.offset for one in told if one.error is None and one.offset >= 0}

    def _partitions(self, consumer: Consumer) -> list[Partition]:
        topics = consumer.list_topics(timeout=REPLY_SECONDS).topics
        return [(topic, number) for topic in self._tables if topic in topics for number in topics[topic].partitions]

    @contextmanager
    def _asking(self) -> Iterator[Consumer]:
        settings = librdkafka(self._broker) | {"group.id": WORKER_GROUP, "enable.auto.commit": False, "log_level": 2}
        try:
            with closing(Consumer(settings, logger=getLogger("kafka"))) as consumer:
                yield consumer
        except KafkaException as error:
            raise SourceUnavailable(
                kafka_refusal(self._broker)
                or f"Kafka at {self._broker} does not tell how far the worker is ({error.args[0].name()})."
            ) from None
