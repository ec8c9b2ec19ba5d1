"""`health`: does the connector run?"""

import asyncio

import typer

from connectors.connect import Connect, ConnectorStatus, session
from connectors.errors import ConnectorFailed
from dataflix.settings import Settings, load_settings

WAIT_S = 5.0


def health() -> None:
    """Exit with 0 when the connector and its task run, with 1 and the reason otherwise."""
    settings = load_settings()
    status = asyncio.run(_status(settings))
    if status is None:
        raise ConnectorFailed(
            f"The connector {settings.connector!r} is not registered: run `python -m connectors register`."
        )
    if not status.running:
        raise ConnectorFailed(
            f"The connector {settings.connector!r} does not run ({status}): the reason stands in "
            f"{settings.logs / 'connect.log'}; `python -m connectors register` restarts what failed."
        )
    typer.echo(f"The connector {settings.connector!r} runs.")


async def _status(settings: Settings) -> ConnectorStatus | None:
    async with session() as http:
        return await Connect(http, settings, settings.connector, wait_s=WAIT_S).status()
