"""How the process ends: at once, because what was not acknowledged is read again, and waiting could only do harm."""

import logging
import os
import sys
import traceback
from typing import NoReturn

import structlog

from dataflix.errors import ContractViolation, DataflixError, SettingsError

BAD_INPUT, FAILURE = 2, 1

_log = structlog.get_logger("stream_processors")


def leave(code: int) -> NoReturn:
    """End now: threads that wait for a server that is gone would keep the process for minutes."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def give_up(error: BaseException) -> NoReturn:
    """Report ``error`` and end. Faust would go on behind the batch that failed, and so lose it.

    Of an error that is not ours only type and place are told: its text may quote a row.
    """
    if isinstance(error, DataflixError):
        _log.critical("worker_stopped", reason=str(error))
    else:
        frames = traceback.extract_tb(error.__traceback__)
        _log.critical(
            "worker_stopped",
            reason=type(error).__name__,
            where=[f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
        )
    leave(BAD_INPUT if isinstance(error, SettingsError | ContractViolation) else FAILURE)
