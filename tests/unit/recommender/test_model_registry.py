"""The champion, fetched over HTTP from a server that answers as MLflow does."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from item_models import a_model

from dataflix.errors import DataflixError, SourceUnavailable
from dataflix.model_registry import (
    ChampionModel,
    RegistryAnswerUnreadable,
    fetch_champion,
    find_champion,
    item_model_path,
)
from dataflix.recommender import InvalidModel, model_to_bytes

MODEL = a_model([[1.0], [2.0]])
ALIAS = "/api/2.0/mlflow/registered-models/alias"
LOCATION = "/api/2.0/mlflow/model-versions/get-download-uri"
ARTIFACT = "/api/2.0/mlflow-artifacts/artifacts/1/models/m-7/artifacts/artifacts/item_model.npz"
GOOD: dict[str, Callable[[], web.Response]] = {
    ALIAS: lambda: web.json_response({"model_version": {"version": "7", "run_id": "r7"}}),
    LOCATION: lambda: web.json_response({"artifact_uri": "mlflow-artifacts:/1/models/m-7/artifacts"}),
    ARTIFACT: lambda: web.Response(body=model_to_bytes(MODEL)),
}


@asynccontextmanager
async def mlflow(**changed: Callable[[], web.Response]) -> AsyncIterator[tuple[aiohttp.ClientSession, str, list[str]]]:
    """A session, the address of the server, and the paths it was asked for. ``ALIAS=...`` changes an answer."""
    answers = GOOD | {globals()[name]: answer for name, answer in changed.items()}
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        return answers[request.path]()

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        yield session, str(server.make_url("")).rstrip("/"), asked


def absent(code: str, status: int) -> Callable[[], web.Response]:
    return lambda: web.json_response({"error_code": code, "message": "not found"}, status=status)


async def test_the_version_with_the_alias_is_the_champion() -> None:
    async with mlflow() as (session, url, _):
        champion = await fetch_champion(session, url)

    assert champion is not None
    assert (champion.version, champion.run_id) == (7, "r7")
    assert model_to_bytes(champion.item_model) == model_to_bytes(MODEL)


@pytest.mark.parametrize(
    "answer",
    [absent("RESOURCE_DOES_NOT_EXIST", 404), absent("INVALID_PARAMETER_VALUE", 400)],
    ids=["no such model", "no such alias"],
)
async def test_before_the_first_training_there_is_none(answer: Callable[[], web.Response]) -> None:
    async with mlflow(ALIAS=answer) as (session, url, asked):
        assert await find_champion(session, url) is None
        assert await fetch_champion(session, url) is None

    assert asked == [ALIAS, ALIAS]


async def test_a_version_that_is_deleted_in_between_is_none() -> None:
    async with mlflow(LOCATION=absent("RESOURCE_DOES_NOT_EXIST", 404)) as (session, url, _):
        assert await fetch_champion(session, url) is None


async def test_the_champion_that_is_held_is_not_downloaded_again() -> None:
    held = ChampionModel(7, "r7", MODEL)
    async with mlflow() as (session, url, asked):
        assert await fetch_champion(session, url, held) is held

    assert asked == [ALIAS]


@pytest.mark.parametrize("held", [ChampionModel(6, "r7", MODEL), ChampionModel(7, "of another registry", MODEL)])
async def test_another_version_than_the_one_held_is_downloaded(held: ChampionModel) -> None:
    async with mlflow() as (session, url, _):
        champion = await fetch_champion(session, url, held)

    assert champion is not None
    assert (champion.version, champion.run_id) == (7, "r7")


@pytest.mark.parametrize(
    ("changed", "error", "says"),
    [
        ({"ALIAS": absent("INTERNAL_ERROR", 500)}, SourceUnavailable, "with 500"),
        ({"ALIAS": lambda: web.Response(text="hello")}, SourceUnavailable, "no JSON"),
        ({"ALIAS": lambda: web.json_response({"model": 1})}, RegistryAnswerUnreadable, "train again"),
        ({"LOCATION": lambda: web.json_response({})}, RegistryAnswerUnreadable, "train again"),
        (
            {"LOCATION": lambda: web.json_response({"artifact_uri": "s3://mlflow/1"})},
            RegistryAnswerUnreadable,
            "--artifacts-destination",
        ),
        ({"ARTIFACT": lambda: web.Response(status=503)}, SourceUnavailable, "with 503"),
        ({"ARTIFACT": lambda: web.Response(body=b"PK")}, InvalidModel, "2 bytes cannot be read"),
    ],
)
async def test_what_goes_wrong_is_a_sentence(changed: dict[str, Any], error: type[DataflixError], says: str) -> None:
    async with mlflow(**changed) as (session, url, _):
        with pytest.raises(error, match=says):
            await fetch_champion(session, url)


async def test_a_registry_that_is_away_is_a_sentence() -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(SourceUnavailable, match="does not answer"):
            await fetch_champion(session, "http://127.0.0.1:1")


@pytest.mark.parametrize(
    "uri", ["mlflow-artifacts:/1/models/m-7/artifacts", "mlflow-artifacts://host:5003/1/models/m-7/artifacts/"]
)
def test_the_item_model_lies_among_the_artifacts_of_its_model(uri: str) -> None:
    assert item_model_path(uri) == "1/models/m-7/artifacts/artifacts/item_model.npz"
