"""What a training on so many made-up ratings takes, in a process of its own."""

import json
import subprocess
import sys
from typing import Any

from dataflix.errors import DataflixError
from dataflix.settings import PROJECT


def training(rows: int) -> dict[str, Any]:
    """Seconds, processor time and the most memory that the process held. Raises DataflixError when it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "training", "fit-synthetic", "--rows", str(rows)],
        cwd=PROJECT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise DataflixError(f"The training failed with exit code {done.returncode}:\n{done.stderr}")
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures
