"""``python -m stream_processors``: the worker, in the foreground until SIGTERM or SIGINT; ``dlq``: dead letters."""

import asyncio
import sys

import mode.loop
import typer

from dataflix.errors import ContractViolation, DataflixError, SettingsError
from dataflix.observability import configure_logging
from dataflix.settings import Settings, load_settings
from stream_processors.commands import dlq
from stream_processors.endings import BAD_INPUT, FAILURE, give_up, leave
from stream_processors.quiet_libraries import quiet_libraries
from stream_processors.worker import run_worker

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
app.add_typer(dlq.app, name="dlq")


@app.callback(invoke_without_command=True)
def worker(context: typer.Context) -> None:
    """Without a command: read change events, mask them, write the raw tables and the masked topics.

    Exits 0 on SIGTERM or SIGINT, 2 when settings or contracts are unusable, 1 for a failure.
    """
    if context.invoked_subcommand is not None:
        return
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


def main() -> None:
    """Run the worker or a command. A failure is one sentence on standard error, and exit 1; bad input is exit 2."""
    try:
        app()
    except DataflixError as error:
        print(error, file=sys.stderr)
        sys.exit(BAD_INPUT if isinstance(error, SettingsError | ContractViolation) else FAILURE)


if __name__ == "__main__":
    main()
