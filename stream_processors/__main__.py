"""``python -m stream_processors``: the worker, in the foreground until SIGTERM or SIGINT."""

import asyncio
import sys

import mode.loop
import typer

from dataflix.errors import DataflixError, SettingsError
from dataflix.observability import configure_logging
from dataflix.settings import Settings, load_settings
from stream_processors.endings import BAD_INPUT, give_up, leave
from stream_processors.quiet_libraries import quiet_libraries
from stream_processors.worker import run_worker


def main() -> None:
    """Read change events, mask them, write the raw tables and the masked topics.

    Exits 0 on SIGTERM or SIGINT, 2 when settings or contracts are unusable, 1 for a failure.
    """
    try:
        settings = load_settings()
    except SettingsError as error:
        print(error, file=sys.stderr)
        leave(BAD_INPUT)
    configure_logging("worker", settings.log_level)
    quiet_libraries()
    mode.loop.use("uvloop")
    try:
        asyncio.run(_run(settings))
    except DataflixError as error:
        give_up(error)


async def _run(settings: Settings) -> None:
    await run_worker(settings)
    leave(0)


if __name__ == "__main__":
    typer.run(main)
