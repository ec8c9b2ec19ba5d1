"""`register`: from tables to topics."""

import asyncio

import typer
from confluent_kafka.admin import AdminClient

from connectors import registration
from connectors.connect import Connect, session
from connectors.postgres import connect_admin
from connectors.registration import Registered
from connectors.topics import keep_topics, topics
from dataflix.contracts import load_contracts
from dataflix.kafka_access import librdkafka
from dataflix.settings import Settings, load_settings


def register() -> None:
    """Create the topics and the connector, or bring them up to date, and wait until the connector runs.

    Where changes were lost to the stream, everything is read again.
    """
    settings = load_settings()
    run_connector(settings, recover=settings.recover)


def run_connector(settings: Settings, *, recover: bool, anyway: bool = False) -> Registered:
    """Have topics and connector as they should be, and tell what was done."""
    contracts = load_contracts(settings.contracts)
    # what its own log would say comes as an exception, and then as a sentence
    admin = AdminClient(librdkafka(settings.kafka) | {"client.id": "dataflix-connectors", "log_level": 0})
    if changed := keep_topics(admin, settings.kafka, topics(contracts, settings)):
        typer.echo(f"Created or corrected the topics {', '.join(sorted(changed))}.")

    async def run() -> Registered:
        with connect_admin(settings) as connection:
            async with session() as http:
                connect = Connect(http, settings, settings.connector)
                return await registration.register(
                    connection, connect, contracts, settings, recover=recover, anyway=anyway
                )

    done = asyncio.run(run())
    if done.begun:
        typer.echo(f"Began epoch {done.epoch.number}, because {done.epoch.reason}: everything is read again.")
    if done.ordered:
        typer.echo(f"Ordered a snapshot of {', '.join(done.ordered)}.")
    typer.echo(f"The connector {settings.connector!r} runs.")
    return done
