"""What the histories come to in memory: masked events in, figures out. Nothing else is touched."""

import gc
import resource
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from api.changes import read_change
from api.replica import Replica
from dataflix.contracts import Table
from dataflix.masked_events import read_masked_event

MEBIBYTE = 2**20


def weigh(table: Table, events: Iterable[bytes]) -> dict[str, Any]:
    """Take in masked events of a table; what this process needs more after it, and how long one took.

    Raises MalformedEvent for one that is none.
    """
    replica, taken = Replica(), 0
    gc.collect()
    before, began = _resident(), time.process_time()
    for event in events:
        replica.apply(read_change(read_masked_event(table, event)))
        taken += 1
    replica.settle()
    seconds = time.process_time() - began
    gc.collect()
    grown, each = _resident() - before, max(1, taken)
    return {
        "rows": len(replica.ratings) + len(replica.watched),
        "memory_mb": round(grown / MEBIBYTE, 1),
        "bytes_per_row": round(grown / each, 1),
        "us_per_row": round(seconds / each * 1e6, 2),
    }


def _resident() -> int:
    """Bytes of this process that are in memory: proc(5), the second number of statm, in pages."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
