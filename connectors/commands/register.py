"""`register`: from tables to topics."""

import asyncio

import typer
from confluent_kafka.admin import AdminClient

from connectors import snapshots
from connectors.connect import Connect, session
from connectors.debezium import CONNECTOR, connector_config
from connectors.postgres import connect_admin
from connectors.topics import keep_topics, topics
from dataflix.contracts import Contracts, load_contracts
from dataflix.settings import Settings, load_settings


def register() -> None:
    """Create the topics and the connector, or bring them up to date, and wait until the connector runs."""
    settings = load_settings()
    contracts = load_contracts(settings.contracts)
    # what its own log would say comes as an exception, and then as a sentence
    admin = AdminClient({"bootstrap.servers": str(settings.kafka), "client.id": "dataflix-connectors", "log_level": 0})
    if changed := keep_topics(admin, settings.kafka, topics(contracts, settings)):
        typer.echo(f"Created or corrected the topics {', '.join(sorted(changed))}.")
    if later := asyncio.run(_run_connector(contracts, settings)):
        typer.echo(f"Ordered a snapshot of {', '.join(later)}.")
    typer.echo(f"The connector {CONNECTOR!r} runs.")


async def _run_connector(contracts: Contracts, settings: Settings) -> tuple[str, ...]:
    """Give Connect the configuration where it has another, and wait; the tables that were signalled for a snapshot."""
    config = connector_config(contracts, settings)
    with connect_admin(settings) as connection:
        async with session() as http:
            connect = Connect(http, settings, CONNECTOR)
            present = await connect.config()
            if present is None:
                # a new connector snapshots everything; noted before, so that a repeated start orders nothing twice
                snapshots.record(connection, contracts)
            if present != config:
                await connect.put(config)
            await connect.wait_until_running(config)
        return snapshots.order_missing(connection, contracts)
