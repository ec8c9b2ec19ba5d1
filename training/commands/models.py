"""``python -m training models list|show|promote|rollback``: who serves, who might, and why or why not."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from dataflix.settings import load_settings
from training.commands.steps import Version, training_of

if TYPE_CHECKING:
    from training.roster import Entry

models = typer.Typer(no_args_is_help=True, help="Registered models: list, show, promote, roll back.")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
SHOWN = ("ndcg_at_10", "popularity_ndcg_at_10", "champion_ndcg_at_10", "rmse")


@models.command("list")
def list_models(
    limit: Annotated[int, typer.Option(min=1, max=100, help="The newest ones.")] = 20, as_json: AsJson = False
) -> None:
    """List versions, the newest first: who is the champion, what was measured, and what the gate said."""
    with training_of(load_settings()) as training:
        entries = training.roster(limit)
    if as_json:
        typer.echo(json.dumps([entry.as_json() for entry in entries]))
    elif not entries:
        typer.echo("No model was trained yet: `bin/dataflix train` trains one.")
    else:
        Console().print(_table(entries))


@models.command("show")
def show_model(version: Version, as_json: AsJson = False) -> None:
    """Show one version: what was chosen, what it was trained on, what was measured, and how it fared."""
    with training_of(load_settings()) as training:
        entry = training.entry(version)
    if as_json:
        typer.echo(json.dumps(entry.as_json()))
        return
    console = Console()
    told = entry.as_json()
    for name in ("metrics", "params"):
        figures: Mapping[str, Any] = told.pop(name)
        console.print(_pairs(name, figures))
    gate = told.pop("gate")
    rows = told | ({f"gate_{name}": value for name, value in gate.items()} if gate else {"gate": "not asked"})
    console.print(_pairs(f"version {version}", {name: value for name, value in rows.items() if value is not None}))


@models.command("promote")
def promote_model(
    version: Version,
    force: Annotated[
        str | None, typer.Option(metavar="REASON", help="Overrule the gate; the reason stays with the version.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a version the champion, which the API serves at once. The gate is asked where it was not, or not lately."""
    with training_of(load_settings()) as training:
        verdict = training.examine(version) if force is None else None
        training.promote(version, force)
        announced = training.announce()
    if verdict and not as_json:
        typer.echo(f"The gate: {verdict.reason}")
    _tell(as_json, {"version": announced.version, "forced": force}, f"Version {version} is the champion.")


@models.command("rollback")
def roll_back(
    reason: Annotated[str, typer.Option(help="Why; it stays with the version that goes.")] = "", as_json: AsJson = False
) -> None:
    """Make the champion before this one the champion again. Repeated, it goes further back."""
    with training_of(load_settings()) as training:
        left, back = training.roll_back(reason)
        training.announce()
    sentence = f"Version {back.version} is the champion again, in place of version {left.version}."
    _tell(as_json, {"version": back.version, "withdrawn": left.version}, sentence)


def _tell(as_json: bool, result: dict[str, Any], sentence: str) -> None:
    typer.echo(json.dumps(result) if as_json else sentence)


def _table(entries: "list[Entry]") -> Table:
    table = Table("version", "trained", "snapshot", "NDCG@10", "popularity", "champion", "RMSE", "gate", box=None)
    for entry in entries:
        candidate = entry.candidate
        told = entry.as_json()
        measured = [f"{entry.metrics[name]:.4f}" if name in entry.metrics else "" for name in SHOWN]
        gate = told["gate"]
        fared = [
            "champion" if entry.is_champion else "",
            f"forced: {told['forced']}" if told["forced"] else "",
            f"withdrawn {told['withdrawn']}" if told["withdrawn"] else "",
            ("" if gate["passed"] else "rejected: ") + gate["reason"] if gate else "not asked",
        ]
        table.add_row(
            f"{candidate.version}",
            f"{candidate.at:%Y-%m-%d %H:%M}",
            (candidate.snapshot or "")[:8],
            *measured,
            "; ".join(filter(None, fared)),
            style="bold" if entry.is_champion else None,
        )
    return table


def _pairs(title: str, rows: Mapping[str, Any]) -> Table:
    table = Table("name", "value", title=title, title_justify="left", box=None, show_header=False)
    for name, value in sorted(rows.items()):
        table.add_row(name, f"{value:.6g}" if isinstance(value, float) else str(value))
    return table
