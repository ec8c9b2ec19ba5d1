"""`show`: what `register` would send."""

import json

import typer

from connectors.debezium import connector_config
from dataflix.contracts import load_contracts
from dataflix.settings import load_settings


def show() -> None:
    """Print the configuration of the connector, rendered from the contracts, as JSON. It holds no password."""
    settings = load_settings()
    typer.echo(json.dumps(connector_config(load_contracts(settings.contracts), settings), indent=2))
