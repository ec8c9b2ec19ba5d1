"""Keeping the libraries' share of the log readable: no step by step account, and no message ten times a second."""

import logging
import time
from collections.abc import Callable

REPEAT_SECONDS = 10.0
_KAFKA_CLIENTS = ("aiokafka", "librdkafka")
_BEGINNING = 40  # characters that tell one message from another; behind them come numbers
_MANNERS = {
    "faust": logging.WARNING,  # below, they tell every step of a rebalance
    "mode": logging.WARNING,
    "mode.timers": logging.ERROR,  # a batch that is prepared delays the timers a little
    "aiokafka": logging.WARNING,
}


class Repetitions(logging.Filter):
    """Lets a message of the Kafka clients through once in ``REPEAT_SECONDS``: they tell of every try, ten a second."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._told: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if not record.name.startswith(_KAFKA_CLIENTS):
            return True
        what, now = (record.name, record.getMessage()[:_BEGINNING]), self._clock()
        if now - self._told.get(what, -REPEAT_SECONDS) < REPEAT_SECONDS:
            return False
        self._told[what] = now
        return True


def quiet_libraries() -> None:
    """To be called once logging is configured."""
    for name, level in _MANNERS.items():
        logging.getLogger(name).setLevel(level)
    repetitions = Repetitions()
    for handler in logging.getLogger().handlers:
        handler.addFilter(repetitions)
