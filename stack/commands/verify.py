"""``bin/dataflix verify``."""

import typer

from stack.errors import ServiceFailed
from stack.health import failures
from stack.home import open_home
from stack.programs import become
from stack.services import services
from stack.supervision import Supervisor


def verify(context: typer.Context) -> None:
    """Prove that every service answers, and that raw holds what the source holds, value by value."""
    if "--help" not in context.args:
        home = open_home()
        wrong = failures(services(home).values(), Supervisor(home).processes())
        if wrong:
            told = "; ".join(f"{name} {reason}" for name, reason in wrong.items())
            raise ServiceFailed(f"Not every service is well: {told}. `bin/dataflix status` shows all of them.")
    become("clickhouse", "verify", *context.args)
