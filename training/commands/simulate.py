"""``python -m training simulate``."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import aiohttp
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from dataflix.settings import Settings, load_settings

if TYPE_CHECKING:
    from training.simulation.play import Played, Stage

DOMAIN = "simulated.example.com"
ANSWER_SECONDS = 30.0


class Into(StrEnum):
    """Which way the people take."""

    API = "api"
    POSTGRES = "postgres"


@dataclass(frozen=True, slots=True)
class Scenario:
    """Who acts, how often and for how long."""

    users: int
    rate: float  # actions a second
    seconds: float
    seed: int


def simulate(
    users: Annotated[int, typer.Option(min=1, max=1_000_000, help="How many people.")] = 50,
    rate: Annotated[float, typer.Option(min=0.01, max=100_000, help="What they do a second, all together.")] = 20.0,
    seconds: Annotated[float, typer.Option(min=0.1, help="How long they go on.")] = 60.0,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="The same people do the same again.")] = 42,
    into: Annotated[Into, typer.Option(help="Through the API, or straight into PostgreSQL.")] = Into.API,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Let made-up people browse, watch and rate, each by a taste of their own.

    They are new people each time, and stay; their tastes and what they do are those of the seed and the catalogue.
    """
    settings = load_settings()
    scenario = Scenario(users, rate, seconds, seed)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True, highlight=False)) as progress:
        played = asyncio.run(_simulate(settings, scenario, into, progress))
    figures = asdict(played) | {"users": users, "seed": seed, "into": str(into)}
    done = played.browsed + played.watched + played.rated
    figures["actions_per_second"] = round(done / played.seconds, 1)
    sentence = (
        f"{users:,} people browsed {played.browsed:,} times, watched {played.watched:,} movies and gave "
        f"{played.rated:,} ratings in {played.seconds:.1f} s."
    )
    typer.echo(json.dumps(figures) if as_json else sentence)


async def _simulate(settings: Settings, scenario: Scenario, into: Into, progress: Progress) -> "Played":
    from training.made_up_people import made_up_person  # noqa: PLC0415
    from training.simulation.actions import actions  # noqa: PLC0415  # imports numpy
    from training.simulation.play import play  # noqa: PLC0415
    from training.simulation.world import World  # noqa: PLC0415

    mark = secrets.token_hex(4)  # keeps the user names of two runs apart
    async with _stage(settings, into) as stage:
        world = World.of(await stage.films(), scenario.users, scenario.seed)
        user_ids = await stage.sign_up([made_up_person(number, mark, DOMAIN) for number in range(scenario.users)])
        task = progress.add_task("actions", total=round(scenario.rate * scenario.seconds))
        script = actions(world, scenario.rate, scenario.seed)
        return await play(script, scenario.seconds, user_ids, stage, lambda done: progress.advance(task, done))


@asynccontextmanager
async def _stage(settings: Settings, into: Into) -> AsyncIterator["Stage"]:
    if into is Into.POSTGRES:
        from training.simulation.in_postgres import PostgresStage  # noqa: PLC0415  # imports psycopg
        from training.source_database import source_database  # noqa: PLC0415

        with source_database(settings) as connection:
            yield PostgresStage(connection)
        return
    from training.simulation.through_api import ApiStage  # noqa: PLC0415

    token = settings.api_token.get_secret_value()
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
    async with aiohttp.ClientSession(settings.api.url, headers=headers, timeout=timeout) as session:
        yield ApiStage(session, settings.api.url)
