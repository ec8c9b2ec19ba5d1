"""``python -m stream_processors``: the worker, in the foreground until SIGTERM or SIGINT."""

import asyncio
import logging
import sys

import mode.loop
import typer

from dataflix.errors import ContractViolation, DataflixError, SettingsError
from dataflix.observability import configure_logging
from dataflix.settings import load_settings
from stream_processors.endings import leave
from stream_processors.worker import run_worker

BAD_INPUT, FAILURE = 2, 1


def main() -> None:
    """Read change events, mask them, write the raw tables and the masked topics.

    Exits 0 on SIGTERM or SIGINT, 2 when settings or contracts are unusable, 1 for a failure.
    """
    try:
        settings = load_settings()
        configure_logging("worker", settings.log_level)
        for name in ("faust", "mode", "aiokafka"):  # below warnings they tell every step of a rebalance
            logging.getLogger(name).setLevel(logging.WARNING)
        mode.loop.use("uvloop")
        asyncio.run(run_worker(settings))
    except DataflixError as error:
        print(error, file=sys.stderr)
        leave(BAD_INPUT if isinstance(error, SettingsError | ContractViolation) else FAILURE)
    leave(0)


if __name__ == "__main__":
    typer.run(main)
