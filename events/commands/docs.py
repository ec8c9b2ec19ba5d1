"""`docs`: the generated documents."""

from pathlib import Path
from typing import Annotated

import typer

from dataflix.contracts import load_contracts
from dataflix.reference.documents import EXAMPLE, SCHEMAS, documents
from dataflix.settings import PROJECT, load_settings
from events.errors import StaleDocuments


def docs(
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; fail when a document is not what it is made from.")
    ] = False,
) -> None:
    """Write what is generated from contracts and metrics: docs/events.md, docs/observability.md, alerts, schemas,
    AsyncAPI."""
    folder = PROJECT / "docs"
    example = (folder / EXAMPLE).read_text(encoding="utf-8")
    texts = {
        folder / path: text for path, text in documents(load_contracts(load_settings().contracts), example).items()
    }
    stale = [path for path, text in texts.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    left_over = sorted(set((folder / SCHEMAS).glob("*")) - set(texts))
    if check and (stale or left_over):
        raise StaleDocuments(
            f"{_names([*stale, *left_over])}: not what contracts and metrics say. Run `bin/dataflix docs`."
        )
    for path in stale:
        path.parent.mkdir(exist_ok=True)
        path.write_text(texts[path], encoding="utf-8")
    for path in left_over:
        path.unlink()
    typer.echo(f"{len(texts)} documents in {folder} are what contracts and metrics say.")


def _names(paths: list[Path]) -> str:
    return ", ".join(str(path.relative_to(PROJECT)) for path in paths)
