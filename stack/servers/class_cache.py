"""Java from a cache of classes: ``python -m stack.servers.class_cache CACHE RECORDING JAVA OPTIONS ARGUMENTS...``.

Starting a Java server is mostly loading classes. Its first run records what it loads, which makes that run several
times slower, and Java writes the recording when the run ends in order; every later run starts from it in half the time.
This program chooses between the two, and becomes Java. It is asked at each start, also at those of the supervisor: a
server that was killed while it recorded comes back without recording again.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path


def option(java: Sequence[str], cache: Path, recording: Path, supervisor: int) -> str:
    """The option of ``java`` (with its other options) for this start.

    ``cache`` is for all homes, ``recording`` for one server of one home. ``supervisor`` is the process id of who starts
    the server: each of them records once.
    """
    begun = recording.with_suffix(".begun")
    if not cache.is_file() and recording.is_file():
        _adopt(java, recording, cache)
    if cache.is_file():
        return f"-XX:AOTCache={cache}"
    if begun.is_file() and begun.read_text() == str(supervisor):
        return "-XX:AOTMode=off"
    begun.write_text(str(supervisor))
    return f"-XX:AOTCacheOutput={recording}"


def _adopt(java: Sequence[str], recording: Path, cache: Path) -> None:
    """Take what a run has recorded for all runs, if it is whole: writing it may have been cut off."""
    trial = [*java, "-XX:AOTMode=on", f"-XX:AOTCache={recording}", "-version"]
    if subprocess.run(trial, capture_output=True, check=False).returncode:
        recording.unlink()
        return
    cache.parent.mkdir(exist_ok=True)
    # Whole or not at all: other homes look for it meanwhile
    moved = cache.with_name(f"{cache.name}.{os.getpid()}")
    shutil.move(recording, moved)
    moved.replace(cache)


def main(cache: str, recording: str, java: str, options: str, *arguments: str) -> None:
    """Become Java."""
    chosen = option((java, options), Path(cache), Path(recording), os.getppid())
    os.execv(java, [java, options, chosen, *arguments])  # noqa: S606


if __name__ == "__main__":
    main(*sys.argv[1:])
