"""The champion model in MLflow's registry, reached over plain HTTP: who serves a model needs no MLflow of its own.

Training registers versions of one model and gives the best one an alias. Each time the alias moves, training publishes
an announcement on a compacted topic, so that a running server can take the new champion up at once.
"""

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, NamedTuple
from urllib.parse import quote, urlsplit

import aiohttp
import orjson
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from dataflix.errors import DataflixError, SourceUnavailable
from dataflix.public_topics import MODELS
from dataflix.recommender import ItemModel, model_from_bytes

EXPERIMENT: Final = "dataflix-collaborative-filtering"
MODEL_NAME: Final = "dataflix-nmf"
CHAMPION: Final = "champion"
ANNOUNCEMENTS: Final = MODELS  # the compacted topic
ITEM_MODEL_FILE: Final = "item_model.npz"

_ARTIFACT_SCHEME = "mlflow-artifacts"
_REGISTRY = "api/2.0/mlflow"
_ARTIFACTS = "api/2.0/mlflow-artifacts/artifacts"
# What MLflow answers for a model and for an alias that do not exist.
_ABSENT = {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}


class RegistryAnswerUnreadable(DataflixError):
    """MLflow said something that this release does not understand."""


class Announcement(BaseModel):
    """A model version took an alias. Key of the message: the name of the model; value: this, as JSON."""

    model_config = ConfigDict(frozen=True)

    name: str = Field(description="Registered model")
    version: int = Field(ge=1, description="Version that took the alias")
    run_id: str = Field(description="Run of MLflow that made it")
    alias: str = Field(description="The alias: what is served")
    item_model: str = Field(description="Path of the item model below the artifacts of the MLflow server")
    metrics: dict[str, float] = Field(description="What the held-out split said, by name of the metric")
    at: AwareDatetime = Field(description="When it took the alias")


class ChampionVersion(NamedTuple):
    """Which version of the model carries the alias."""

    version: int
    run_id: str


@dataclass(frozen=True, slots=True)
class ChampionModel:
    """The model that is served, and where it comes from."""

    version: int
    run_id: str
    item_model: ItemModel


def item_model_path(artifact_uri: str) -> str:
    """Where below the server's artifacts the item model of a logged model lies, whose own address is ``artifact_uri``.

    Raises RegistryAnswerUnreadable when the server does not hand artifacts out itself.
    """
    parts = urlsplit(artifact_uri)
    if parts.scheme != _ARTIFACT_SCHEME:
        raise RegistryAnswerUnreadable(
            f"MLflow keeps the model at {artifact_uri}, which it does not serve: start it with --artifacts-destination."
        )
    return f"{parts.path.strip('/')}/artifacts/{ITEM_MODEL_FILE}"


async def find_champion(session: aiohttp.ClientSession, mlflow_url: str) -> ChampionVersion | None:
    """The version that carries the alias; None when no model was trained yet.

    Raises SourceUnavailable when MLflow does not answer, RegistryAnswerUnreadable.
    """
    url = f"{mlflow_url}/{_REGISTRY}/registered-models/alias"
    found = await _json(session, url, {"name": MODEL_NAME, "alias": CHAMPION})
    if found is None:
        return None
    try:
        return ChampionVersion(int(found["model_version"]["version"]), str(found["model_version"]["run_id"]))
    except (KeyError, TypeError, ValueError) as error:
        raise _unreadable(mlflow_url) from error


async def fetch_champion(
    session: aiohttp.ClientSession, mlflow_url: str, held: ChampionModel | None = None
) -> ChampionModel | None:
    """The model that carries the alias; None when none was trained yet.

    ``held`` is returned, and nothing downloaded, while it still is that version.
    Raises SourceUnavailable when MLflow does not answer, RegistryAnswerUnreadable, InvalidModel.
    """
    champion = await find_champion(session, mlflow_url)
    if champion is None or (held is not None and (held.version, held.run_id) == champion):
        return held if champion else None
    url = f"{mlflow_url}/{_REGISTRY}/model-versions/get-download-uri"
    located = await _json(session, url, {"name": MODEL_NAME, "version": str(champion.version)})
    if located is None:  # deleted between the two questions
        return None
    try:
        path = item_model_path(located["artifact_uri"])
    except (KeyError, TypeError, ValueError) as error:
        raise _unreadable(mlflow_url) from error
    return ChampionModel(*champion, item_model=await _item_model(session, mlflow_url, path))


async def _json(session: aiohttp.ClientSession, url: str, query: dict[str, str]) -> Any:
    """The answer, or None when what was asked for does not exist."""
    status, body = await _get(session, url, query)
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise SourceUnavailable(
            f"MLflow answered {url} with {status} and no JSON: is it MLflow that runs there?"
        ) from None
    if status == HTTPStatus.OK:
        return answer
    if isinstance(answer, dict) and answer.get("error_code") in _ABSENT:
        return None
    raise _refused(url, status)


async def _item_model(session: aiohttp.ClientSession, mlflow_url: str, path: str) -> ItemModel:
    url = f"{mlflow_url}/{_ARTIFACTS}/{quote(path)}"
    status, body = await _get(session, url, {})
    if status != HTTPStatus.OK:
        raise _refused(url, status)
    return await asyncio.to_thread(model_from_bytes, body)


async def _get(session: aiohttp.ClientSession, url: str, query: dict[str, str]) -> tuple[int, bytes]:
    try:
        async with session.get(url, params=query) as response:
            return response.status, await response.read()
    except (aiohttp.ClientError, TimeoutError) as error:
        raise SourceUnavailable(
            f"MLflow does not answer at {url} ({type(error).__name__}): see that it runs (`bin/dataflix status`)."
        ) from error


def _refused(url: str, status: int) -> SourceUnavailable:
    return SourceUnavailable(f"MLflow answered {url} with {status}: see its log, `bin/dataflix logs mlflow`.")


def _unreadable(mlflow_url: str) -> RegistryAnswerUnreadable:
    return RegistryAnswerUnreadable(f"MLflow at {mlflow_url} names no champion that can be fetched: train again.")
