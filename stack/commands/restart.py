"""``bin/dataflix restart``."""

from typing import Annotated

import typer

from stack.errors import ServiceFailed
from stack.home import open_home
from stack.progress import Steps
from stack.services import named, services
from stack.startup import Starter
from stack.supervision import Supervisor


def restart(name: Annotated[str, typer.Argument(help="A service, as `status` names it.")]) -> None:
    """Stop a service and start it again; return when it is healthy."""
    home = open_home()
    service = named(name, services(home))
    supervisor = Supervisor(home)
    if not supervisor.is_running():
        raise ServiceFailed(f"Nothing runs in {home.folder}: start it with `bin/dataflix up`.")
    steps = Steps()
    with home.held(), steps.shown():
        supervisor.stop([service.name])
        Starter(home, supervisor, steps).bring_up(service)
