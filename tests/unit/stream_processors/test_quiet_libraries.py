"""What the libraries may say in the worker's log."""

import logging

from stream_processors.quiet_libraries import REPEAT_SECONDS, Repetitions


def a_record(name: str, message: str) -> logging.LogRecord:
    return logging.LogRecord(name, logging.ERROR, __file__, 1, message, None, None)


def test_a_message_that_a_kafka_client_repeats_is_told_once_in_a_while() -> None:
    now = [100.0]
    repetitions = Repetitions(clock=lambda: now[0])
    away = a_record("aiokafka", "Unable connect to node")
    assert repetitions.filter(away)
    assert not repetitions.filter(away)
    assert repetitions.filter(a_record("aiokafka", "Unable to update metadata"))
    now[0] += REPEAT_SECONDS
    assert repetitions.filter(away)


def test_our_own_messages_are_always_told() -> None:
    repetitions = Repetitions(clock=lambda: 100.0)
    ours = a_record("stream_processors.delivery", "delivery_repeated")
    assert repetitions.filter(ours)
    assert repetitions.filter(ours)
