"""``python -m training fit-synthetic``, which ``bin/dataflix bench training`` runs."""

import json
import resource
import time
from dataclasses import replace
from typing import Annotated

import typer

from training.choices import Choices

PEOPLE_PER_ROW = 140_000 / 20_000_000
MOVIES_AT_LEAST, MOVIES_AT_MOST = 1_000, 25_000
MEGABYTE = 2**20
RSS_UNIT = 1024  # bytes, on Linux


def fit_synthetic(
    rows: Annotated[int, typer.Option(min=1_000, help="Interactions, about.")] = 1_000_000,
    max_iter: Annotated[int | None, typer.Option(min=1, help="Most iterations of the factorisation.")] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="The same seed gives the same interactions.")] = 42,
) -> None:
    """Fit a model to made-up interactions, and print what that took as JSON. Needs no running stack."""
    from dataflix.recommender import model_to_bytes  # noqa: PLC0415
    from training.interaction_log import build_log  # noqa: PLC0415
    from training.model_fit import fit_model  # noqa: PLC0415  # imports scikit-learn: seconds
    from training.synthetic import synthetic_blocks  # noqa: PLC0415

    people = max(20, round(rows * PEOPLE_PER_ROW))
    movies = min(MOVIES_AT_MOST, max(MOVIES_AT_LEAST, rows // 50))
    began = time.perf_counter()
    log = build_log(synthetic_blocks(rows, people, movies, seed))
    read_s = time.perf_counter() - began
    choices = Choices(seed=seed)
    began, began_cpu = time.perf_counter(), time.process_time()
    fitted = fit_model(log, choices if max_iter is None else replace(choices, max_iter=max_iter))
    figures = {
        "rows": len(log),
        "people": int(log.user_ids.size),
        "movies": int(log.item_ids.size),
        "read_s": round(read_s, 1),
        "fit_s": round(time.perf_counter() - began, 1),
        "fit_cpu_s": round(time.process_time() - began_cpu, 1),
        "iterations": fitted.factorisation.iterations,
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * RSS_UNIT / MEGABYTE),
        "model_mb": round(len(model_to_bytes(fitted.model)) / MEGABYTE, 1),
    }
    typer.echo(json.dumps(figures))
