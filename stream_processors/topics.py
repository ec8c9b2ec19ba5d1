"""Waiting for topics that somebody else creates."""

import asyncio
import logging
from collections.abc import Callable, Iterable

import structlog
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from dataflix.kafka_access import kafka_refusal, librdkafka
from dataflix.settings import KafkaBroker

_POLL_SECONDS = 0.5
_REPLY_SECONDS = 3.0

_log = structlog.get_logger(__name__)


async def wait_for_topics(
    broker: KafkaBroker, topics: Iterable[str], waiting_for: Callable[[str | None], None]
) -> None:
    """Return when all topics exist, and tell ``waiting_for`` meanwhile what is missing."""
    admin = AdminClient(librdkafka(broker), logger=logging.getLogger("librdkafka"))
    wanted = frozenset(topics)
    told: str | None = None
    while missing := await asyncio.to_thread(_missing, admin, wanted, broker):
        if missing != told:
            told = missing
            waiting_for(missing)
            _log.info("waiting", what=missing)
        await asyncio.sleep(_POLL_SECONDS)
    waiting_for(None)


def _missing(admin: AdminClient, wanted: frozenset[str], broker: KafkaBroker) -> str | None:
    try:
        there = admin.list_topics(timeout=_REPLY_SECONDS).topics
    except KafkaException:
        return kafka_refusal(broker) or f"Kafka at {broker}"
    absent = sorted(wanted.difference(there))
    return f"the topics {', '.join(absent)}: `python -m connectors register` creates them" if absent else None
