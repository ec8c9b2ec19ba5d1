"""``bin/dataflix superset``."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from stack.errors import BadInput
from stack.home import Home, open_home
from stack.optional import chosen
from stack.pictures import IMAGES, take
from stack.progress import output
from stack.superset import assets
from stack.superset.checking import Answers, all_answered, as_document
from stack.superset.checking import check as check_charts
from stack.superset.client import superset_api
from stack.superset.loading import import_dashboards

superset = typer.Typer(no_args_is_help=True, help="Dashboards as code: import, export, check.")


def _home() -> Home:
    home = open_home()
    if "superset" not in (option.name for option in chosen(home.settings)):
        raise BadInput("Superset is not part of this home: start it with `bin/dataflix up --with superset`.")
    return home


@superset.command("import")
def import_() -> None:
    """Make Superset show what superset/assets says; what was edited in the browser and not exported is overwritten."""
    home = _home()
    import_dashboards(home)
    output().print(f"The dashboards at {home.settings.superset.url} are those of {assets.FOLDER}.")


@superset.command()
def export() -> None:
    """Write what was edited in the browser back to superset/assets, as a small difference."""
    with superset_api(_home().settings) as api:
        changed = assets.write(assets.unpacked(api.export_assets(), assets.read()))
    for path in changed:
        output().print(f"{assets.FOLDER.name}/{path}", markup=False)
    output().print(f"{len(changed)} files changed." if changed else "Nothing has changed.")


@superset.command()
def check(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """Run the query of every chart through Superset's API; exit 0 only when all of them answer."""
    with superset_api(_home().settings) as api:
        answers = check_charts(api)
    if as_json:
        print(json.dumps(as_document(answers)))
    else:
        output().print(_table(answers))
    if not all_answered(answers):
        raise typer.Exit(1)


@superset.command()
def screenshots(
    folder: Annotated[Path, typer.Argument(help="Where the pictures go.", exists=True, file_okay=False)] = IMAGES,
) -> None:
    """Take a picture of each dashboard, with Debian's Chromium, for the documentation."""
    raise typer.Exit(take(_home(), "take_screenshots.py", folder))


def _table(answers: Answers) -> Table:
    shown = Table("dashboard", "chart", "rows", "ms", "", box=None)
    for title, charts in answers.items():
        for name, answer in charts.items():
            shown.add_row(title, name, str(answer.rows), f"{answer.ms:.0f}", answer.error or "")
    return shown
