"""What the watcher found, for a person at a terminal."""

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

from dataflix.settings import Address

TIMEOUT_S = 3.0


@dataclass(frozen=True, slots=True)
class Finding:
    """What one probe found."""

    name: str
    level: str  # ok, warning or error
    sentence: str
    told: dict[str, Any]  # all of it, as the watcher wrote it


def findings(watcher: Address) -> list[Finding]:
    """The newest findings of the watcher at ``watcher``; none when it does not answer or has not looked yet."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{watcher.url}/status", timeout=TIMEOUT_S) as response:
            probes: dict[str, dict[str, Any]] = json.load(response)["probes"]
    except (urllib.error.URLError, OSError, ValueError, KeyError):
        return []
    return [Finding(name, told["level"], told["sentence"], told) for name, told in probes.items()]
