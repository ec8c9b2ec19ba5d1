"""`watch`: the watcher."""

import asyncio

from dataflix.observability import configure_logging
from dataflix.settings import load_settings


def watch() -> None:
    """Look at slot, connector and lag, say how they stand over HTTP, and mend what can be mended, until stopped."""
    from connectors.watcher.program import run_watcher  # noqa: PLC0415 - no other command needs what it imports

    settings = load_settings()
    configure_logging("watcher", settings.log_level)
    asyncio.run(run_watcher(settings))
