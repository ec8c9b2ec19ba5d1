"""The OpenAPI document says what the routes do, because it is made of them."""

from collections.abc import Iterator
from typing import Any

from serving import an_api

from api.app import ROUTES, STREAMS
from api.openapi import document


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield value
            else:
                yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


async def test_it_is_served() -> None:
    async with an_api().client() as client:
        served = await (await client.get("/openapi.json")).json()
    assert served == document(ROUTES, STREAMS)
    assert served["openapi"].startswith("3.1")


def test_every_route_is_described() -> None:
    described = {(method.upper(), path) for path, item in document(ROUTES, STREAMS)["paths"].items() for method in item}
    streams = {("GET", stream.path) for stream in STREAMS}
    assert described == {(route.method, route.path) for route in ROUTES} | streams


def test_every_reference_leads_to_a_schema() -> None:
    whole = document(ROUTES, STREAMS)
    assert {reference.rpartition("/")[2] for reference in _references(whole)} <= set(whole["components"]["schemas"])


def test_every_operation_has_a_summary_and_says_how_it_fails() -> None:
    for item in document(ROUTES, STREAMS)["paths"].values():
        for operation in item.values():
            assert operation["summary"].endswith(".")
            problems = [
                status
                for status, answer in operation["responses"].items()
                if "application/problem+json" in answer.get("content", {})
            ]
            assert {"500", "503"} <= set(problems)


def test_path_parameters_are_required_and_limits_are_told() -> None:
    parameters = document(ROUTES, STREAMS)["paths"]["/recommendations/{user_id}"]["get"]["parameters"]
    by_name = {parameter["name"]: parameter for parameter in parameters}
    assert by_name["user_id"]["required"] is True
    assert by_name["limit"]["schema"] == {
        "default": 10,
        "maximum": 100,
        "minimum": 1,
        "title": "Limit",
        "type": "integer",
    }


def test_writes_name_their_commit_and_events_their_shapes() -> None:
    whole = document(ROUTES, STREAMS)
    for route in ROUTES:
        answers = whole["paths"][route.path][route.method.lower()]["responses"]
        named = [status for status, answer in answers.items() if "Commit-Token" in answer.get("headers", {})]
        assert named == ([str(status.value) for status in route.gives] if route.commits else [])
    media = whole["paths"]["/events"]["get"]["responses"]["200"]["content"]["text/event-stream"]
    assert set(media["x-events"]) == {"change", "recommendations", "model", "lag", "reset"}
