"""``python -m training``: train the recommender, prepare its store of models, import data sets."""

import sys

import typer

from dataflix.errors import DataflixError, NotFound, SettingsError
from training.commands import (
    create_buckets,
    evaluate_movielens,
    fit_synthetic,
    forget,
    import_movielens,
    models,
    simulate,
    steps,
    train,
    tune,
)
from training.errors import UnreadableDataSet

FAILURE, BAD_INPUT = 1, 2

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.command("create-buckets")(create_buckets.create_buckets)
app.command("import-movielens")(import_movielens.import_movielens)
app.command("simulate")(simulate.simulate)
app.command("evaluate-movielens")(evaluate_movielens.evaluate_movielens)
app.command("train")(train.train)
app.command("tune")(tune.tune)
app.add_typer(models.models, name="models")
app.command("snapshot")(steps.snapshot)
app.command("fit")(steps.fit)
app.command("evaluate")(steps.evaluate)
app.command("gate")(steps.gate)
app.command("promote")(steps.promote)
app.command("announce")(steps.announce)
app.command("fit-synthetic")(fit_synthetic.fit_synthetic)
app.command("expire-snapshots")(steps.expire_snapshots)
app.command("forget")(forget.forget)


def main() -> None:
    """Run one command. Exits with 2 for bad input, 1 for a failure; either way with a sentence, never a traceback."""
    try:
        app()
    except DataflixError as error:
        typer.echo(str(error), err=True)
        sys.exit(BAD_INPUT if isinstance(error, SettingsError | NotFound | UnreadableDataSet) else FAILURE)


if __name__ == "__main__":
    main()
