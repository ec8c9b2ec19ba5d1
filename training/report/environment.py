"""What a model came out of, beside data and choices: interpreter, packages, machine."""

import os
import platform
from importlib.metadata import version
from typing import Any, Final

import psutil

PACKAGES: Final = ("mlflow", "numpy", "pyarrow", "scikit-learn", "scipy")


def environment() -> dict[str, Any]:
    """As JSON. Nothing of it names the machine."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processors": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "packages": {name: version(name) for name in PACKAGES},
    }
