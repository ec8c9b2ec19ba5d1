"""``python -m training train``."""

import asyncio
import json
from typing import Annotated, Any

import aiohttp
import typer
from rich.console import Console

from dataflix.model_registry import ChampionVersion, find_champion
from dataflix.settings import Settings, load_settings
from training.choices import SHIPPED, Choices
from training.engine_names import Engine
from training.mlflow_environment import settle_mlflow
from training.progress import Steps


def train(  # noqa: PLR0913, PLR0917  # one for each option
    n_components: Annotated[int, typer.Option(min=1, help="Factors of each movie.")] = SHIPPED.n_components,
    max_iter: Annotated[int, typer.Option(min=1, help="Most iterations of the fit.")] = SHIPPED.max_iter,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="The same data and seed give the same model.")] = 42,
    tuned: Annotated[bool, typer.Option("--tuned", help="Take the choices that the newest `tune` found best.")] = False,
    engine: Annotated[Engine, typer.Option(help="What fits the factors.")] = Engine.SCIKIT_LEARN,
    if_missing: Annotated[bool, typer.Option("--if-missing", help="Do nothing when there is a champion.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Fit the recommender to the matrix in ClickHouse and make it the champion that the API serves."""
    settings = load_settings()
    if if_missing and (champion := asyncio.run(_champion(settings))):
        sentence = f"Version {champion.version} is the champion; nothing to do."
        _print(as_json, {"trained": False, "version": champion.version}, sentence)
        return

    settle_mlflow(settings.home)
    from training.champion import Training  # noqa: PLC0415  # imports mlflow and scikit-learn: seconds

    choices = Choices(seed=seed, n_components=n_components, max_iter=max_iter)
    if tuned:
        from training.tuning.trials_log import TrialsLog  # noqa: PLC0415

        choices = TrialsLog(settings.mlflow.url).best_choices()
    with Steps(Console(stderr=True, highlight=False)) as steps:
        announced = Training(settings, steps).train_champion(choices, engine)
    result = {"trained": True, **announced.model_dump(mode="json")}
    _print(as_json, result, f"Version {announced.version} of {announced.name} is the champion.")


async def _champion(settings: Settings) -> ChampionVersion | None:
    async with aiohttp.ClientSession() as session:
        return await find_champion(session, settings.mlflow.url)


def _print(as_json: bool, result: dict[str, Any], sentence: str) -> None:
    typer.echo(json.dumps(result) if as_json else sentence)
