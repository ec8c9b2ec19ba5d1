"""What the API's copy of the histories takes: made-up ratings, as the stream would bring them."""

import json
import shutil
import subprocess
import sys
from contextlib import suppress
from typing import Any, BinaryIO

from bench.made_up_history import events_of_ratings, scale
from dataflix.clickhouse_client import ClickHouseUser, clickhouse
from dataflix.errors import DataflixError
from dataflix.settings import PROJECT, Settings


def history(settings: Settings, rows: int) -> dict[str, Any]:
    """Memory that so many ratings take, and processor time of one. ClickHouse makes them up, and keeps none.

    Raises DataflixError when it fails.
    """
    size = scale(rows)
    with clickhouse(settings, ClickHouseUser.ADMIN) as client, events_of_ratings(client, size) as events:
        weighing = subprocess.Popen(
            [sys.executable, "-m", "api", "weigh", "ratings"],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        with weighing:
            told = _hand_over(events, weighing)
    if weighing.returncode != 0:
        raise DataflixError(f"Taking the ratings in failed with exit code {weighing.returncode}: why, it said above.")
    return {**size, **json.loads(told)}


def _hand_over(events: BinaryIO, to: subprocess.Popen[bytes]) -> bytes:
    """Write all events to a process; what it printed."""
    if to.stdin is not None:
        with suppress(BrokenPipeError):  # it has ended, and said why
            shutil.copyfileobj(events, to.stdin)
    return to.communicate()[0]
