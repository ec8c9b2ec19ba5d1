"""Where the shell keeps what it remembers: the home, as everything of Dataflix."""

import os
from collections.abc import Mapping
from pathlib import Path

_PROJECT = Path(__file__).resolve().parent.parent


def shell_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """The folder of history and catalogues. The settings name the same home, and take longer to read than a prompt."""
    return Path(environ.get("DATAFLIX_HOME") or _PROJECT / ".dataflix").expanduser() / "shell"
