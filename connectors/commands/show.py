"""`show`: what `register` would send."""

import json
from typing import Annotated

import typer

from connectors.debezium import connector_config
from connectors.epochs import HIGHEST
from dataflix.contracts import load_contracts
from dataflix.settings import load_settings


def show(epoch: Annotated[int, typer.Option(min=0, max=HIGHEST, help="That its events tell.")] = 0) -> None:
    """Print the configuration of the connector, rendered from the contracts, as JSON. It holds no password."""
    settings = load_settings()
    typer.echo(json.dumps(connector_config(load_contracts(settings.contracts), settings, epoch), indent=2))
