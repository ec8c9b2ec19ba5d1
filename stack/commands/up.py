"""``bin/dataflix up``."""

import os
from typing import Annotated

import typer

from stack.errors import PreflightFailed
from stack.home import prepare_home
from stack.jars import install_jars
from stack.progress import Steps
from stack.services import services
from stack.startup import bring_up, run_in_order, with_needs
from stack.supervision import Supervisor


def up(
    only: Annotated[
        list[str] | None,
        typer.Option(help="Start just this service and what it needs, and load nothing; may be given several times."),
    ] = None,
    port_offset: Annotated[int | None, typer.Option(min=0, max=46_000, help="Added to every port of this home.")] = None,
) -> None:
    """Install, start and load what is missing; return when everything is healthy.

    Twice in a row is fine: what runs stays, what is there is not loaded again.
    """
    if port_offset is not None:
        os.environ["DATAFLIX_PORT_OFFSET"] = str(port_offset)
    home = prepare_home(port_offset, os.environ)
    steps = Steps()
    table = services(home)
    unknown = [name for name in only or [] if name not in table]
    if unknown:
        raise PreflightFailed(f"There is no service {unknown[0]}: choose from {', '.join(table)}.")
    supervisor = Supervisor(home)
    with steps.shown():
        install_jars(home.runtime, steps.say)
        supervisor.bring_up(table.values())
        names = with_needs(only or table, table)
        run_in_order(
            {name: (table[name].needs, lambda service=table[name]: bring_up(service, supervisor, steps)) for name in names}
        )
