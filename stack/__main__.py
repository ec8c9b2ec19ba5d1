"""The commands of the launcher: ``python -m stack``, which ``bin/dataflix`` becomes once the environment is there."""

import sys

import typer

from dataflix.errors import DataflixError, SettingsError
from stack.commands.backup import backup
from stack.commands.bench import bench
from stack.commands.contracts import contracts
from stack.commands.dbt import dbt
from stack.commands.dlq import dlq
from stack.commands.docs import docs
from stack.commands.down import down
from stack.commands.env import env
from stack.commands.evaluate import evaluate
from stack.commands.forget import forget
from stack.commands.imports import imports
from stack.commands.lock import lock
from stack.commands.logs import logs
from stack.commands.masking import masking
from stack.commands.models import models
from stack.commands.pictures import pictures
from stack.commands.recover import recover
from stack.commands.restart import restart
from stack.commands.run import run
from stack.commands.shell import shell
from stack.commands.simulate import simulate
from stack.commands.status import status
from stack.commands.superset import superset
from stack.commands.tail import tail
from stack.commands.test import run_tests
from stack.commands.token import token
from stack.commands.train import train
from stack.commands.tune import tune
from stack.commands.up import up
from stack.commands.verify import verify
from stack.errors import BadInput
from stack.programs import PASSED_THROUGH

FAILURE, BAD_INPUT, INTERRUPTED = 1, 2, 130

app = typer.Typer(
    name="dataflix",
    help="Dataflix on one machine: a movie recommender on a live change stream.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(up)
app.command()(down)
app.command(context_settings=PASSED_THROUGH)(shell)
app.command()(status)
app.command()(logs)
app.command()(restart)
app.add_typer(imports, name="import")
app.command(context_settings=PASSED_THROUGH)(simulate)
app.add_typer(evaluate, name="evaluate")
app.command(context_settings=PASSED_THROUGH)(train)
app.command(context_settings=PASSED_THROUGH)(tune)
app.command(context_settings=PASSED_THROUGH)(models)
app.command()(run)
app.command(context_settings=PASSED_THROUGH)(verify)
app.command()(backup)
app.command(context_settings=PASSED_THROUGH)(recover)
app.command()(env)
app.command(context_settings=PASSED_THROUGH)(tail)
app.command(context_settings=PASSED_THROUGH)(forget)
app.command(context_settings=PASSED_THROUGH)(token)
app.command(context_settings=PASSED_THROUGH)(contracts)
app.command(context_settings=PASSED_THROUGH)(dbt)
app.command(context_settings=PASSED_THROUGH)(bench)
app.command(context_settings=PASSED_THROUGH)(dlq)
app.add_typer(masking, name="masking")
app.add_typer(superset, name="superset")
app.command("test")(run_tests)
app.command(context_settings=PASSED_THROUGH)(docs)
app.command()(pictures)
app.command()(lock)


def main() -> None:
    """Run a command. Exits with 2 for bad input, 1 for a failure; either way with a sentence, never a traceback."""
    try:
        app(prog_name="bin/dataflix")
    except DataflixError as error:
        print(f"dataflix: {error}", file=sys.stderr)
        sys.exit(BAD_INPUT if isinstance(error, SettingsError | BadInput) else FAILURE)
    except KeyboardInterrupt:
        print("dataflix: interrupted.", file=sys.stderr)
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
