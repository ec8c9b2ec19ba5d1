"""``python -m api``: the API server. ``python -m api token …``: who may use it."""

import asyncio
import atexit
import json
import logging
import os
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer
import uvloop
from aiohttp import web
from rich.console import Console
from rich.table import Table

from api.access_log import AccessLog
from api.app import create_app
from api.peers import ALONE, Peers
from api.processes import Command, Processes, held
from api.request_marks import WithoutText
from api.tokens import Scope, TokenFile
from api.weighing import weigh
from dataflix.contracts import load_contracts
from dataflix.errors import DataflixError, NotFound, SettingsError
from dataflix.observability import configure_logging
from dataflix.settings import Settings, load_settings

FAILURE, BAD_INPUT = 1, 2
SHUTDOWN_TIMEOUT = 10.0  # seconds that requests in flight get to finish

cli = typer.Typer(add_completion=False, pretty_exceptions_enable=False, help=__doc__)
token = typer.Typer(no_args_is_help=True, help="Create, list and revoke the tokens of the API.")
cli.add_typer(token, name="token")
Name = Annotated[str, typer.Argument(help="Who uses it; small letters, digits, dots, dashes and underscores.")]


class CannotListen(DataflixError):
    """The port cannot be used."""


@cli.callback(invoke_without_command=True)
def serve(
    context: typer.Context,
    processes: Annotated[
        int | None,
        typer.Option(min=1, max=64, help="Behind the one port; DATAFLIX_API_PROCESSES unless given."),
    ] = None,
) -> None:
    """Serve until SIGTERM or SIGINT. Exit 2 for settings or contracts that cannot be used, 1 for a port that cannot."""
    if context.invoked_subcommand is not None:
        return
    settings = load_settings()
    count = processes or settings.api_processes
    if count == 1:
        _serve(settings, ALONE)
        return
    _app(settings, ALONE)  # what one process would refuse is told once
    configure_logging("api", settings.log_level)
    with tempfile.TemporaryDirectory(prefix="dataflix-api-") as folder:

        def command(number: int) -> tuple[str, ...]:
            return sys.executable, "-m", "api", "process", str(number), str(count), folder

        try:
            with held(settings.api):
                code = asyncio.run(_run_all(command, count))
        except OSError as error:
            raise _cannot_listen(settings, error) from None
    sys.exit(code)


async def _run_all(command: Command, count: int) -> int:
    return await Processes(command, count).run()


@cli.command(hidden=True)
def process(number: int, count: int, folder: Path) -> None:
    """One of several processes, as the parent starts it."""
    _serve(load_settings(), Peers(number, count, folder))


@cli.command("weigh")
def print_weight(table: Annotated[str, typer.Argument(help="Whose events these are, such as ratings.")]) -> None:
    """Take masked events of standard input into memory, one a line, and print what they need there, as JSON."""
    contracts = load_contracts(load_settings().contracts)
    print(json.dumps(weigh(contracts.table(table), sys.stdin.buffer)))


def _app(settings: Settings, peers: Peers) -> web.Application:
    try:
        return create_app(settings, peers=peers)
    except DataflixError as error:
        raise SettingsError(str(error)) from None


def _serve(settings: Settings, peers: Peers) -> None:
    app = _app(settings, peers)
    configure_logging("api", settings.log_level)
    logging.getLogger("aiohttp.server").addFilter(WithoutText())
    for raiser in ("clickhouse_connect", "urllib3"):  # what these warn of they raise too, and it is told as a sentence
        logging.getLogger(raiser).setLevel(logging.ERROR)
    atexit.register(AccessLog.flush)
    try:
        web.run_app(
            app,
            host=settings.api.host,
            port=settings.api.port,
            reuse_port=peers.count > 1 or None,
            access_log_class=AccessLog,
            shutdown_timeout=SHUTDOWN_TIMEOUT,
            loop=uvloop.new_event_loop(),
            print=None,
        )
    except OSError as error:
        raise _cannot_listen(settings, error) from None


def _cannot_listen(settings: Settings, error: OSError) -> CannotListen:
    reason = os.strerror(error.errno or 0)
    return CannotListen(
        f"The API cannot listen on {settings.api} ({reason}): set DATAFLIX_API_PORT, or another --port-offset."
    )


@token.command()
def create(
    name: Name,
    scope: Annotated[Scope, typer.Option(help="Each scope includes those before it.")] = Scope.READ,
) -> None:
    """Create a token and print it. This is the only time that it is told."""
    print(TokenFile(load_settings().home).create(name, scope))


@token.command("list")
def list_tokens() -> None:
    """List the tokens: name, scope and since when, not their texts."""
    table = Table("name", "scope", "created", box=None, header_style="bold", pad_edge=False)
    for one in TokenFile(load_settings().home).read():
        table.add_row(one.name, one.scope, one.created_at.isoformat(timespec="seconds"))
    Console(highlight=False).print(table)


@token.command()
def revoke(name: Name) -> None:
    """Take a token away. A running API refuses it within a second."""
    TokenFile(load_settings().home).revoke(name)
    print(f"The token {name} is revoked.")


def main() -> None:
    """Run. A failure is one sentence on standard error, and exit 1; bad input is exit 2."""
    try:
        cli()
    except DataflixError as error:
        print(error, file=sys.stderr)
        sys.exit(BAD_INPUT if isinstance(error, SettingsError | NotFound) else FAILURE)


if __name__ == "__main__":
    main()
