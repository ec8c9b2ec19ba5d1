"""`load-sample`: something to look at on the first day."""

import typer

from connectors import sample_data
from connectors.postgres import connect_admin
from dataflix.settings import load_settings


def load_sample() -> None:
    """Copy the sample into an empty source. Where a table holds rows already, nothing is changed."""
    with connect_admin(load_settings()) as connection:
        loaded = sample_data.load_sample(connection)
    if loaded:
        typer.echo("Loaded the sample: " + ", ".join(f"{rows} {table}" for table, rows in loaded.items()) + ".")
    else:
        typer.echo("The source holds rows already: the sample was not loaded.")
