"""Pictures for the documentation: scripts among the tests take them, in the environment of the tests."""

import os
import subprocess
from pathlib import Path

from dataflix.settings import PROJECT
from stack.environments import ensure
from stack.home import Home

IMAGES = PROJECT / "docs" / "images"
_SCRIPTS = PROJECT / "tests" / "e2e"


def take(home: Home, script: str, folder: Path) -> int:
    """Run ``script`` of the tests on what runs in ``home``; its pictures go to ``folder``. Its exit code."""
    python = ensure("test", home.runtime) / "bin" / "python"
    found_by = {"PYTHONPATH": os.pathsep.join((str(PROJECT), str(_SCRIPTS)))}
    command = [python, _SCRIPTS / script, folder.resolve()]
    return subprocess.run(command, env=os.environ | found_by, check=False).returncode
