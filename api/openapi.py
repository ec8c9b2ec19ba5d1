"""The OpenAPI 3.1 document, made from the routes and their pydantic models."""

from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from typing import Any

import orjson
from aiohttp import web
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from api.access import needed_scope
from api.commit_tokens import HEADER
from api.idempotency import HEADER as IDEMPOTENCY_KEY
from api.idempotency import PATTERN
from api.problems import CONTENT_TYPE, ProblemDocument
from api.resources.forms import NoBody, NoParameters, Nothing, Query
from api.routes import JSON, AnyRoute, Stream

Json = dict[str, Any]
References = dict[Any, Json]  # by model; each is either taken or given

_REFERENCE = "#/components/schemas/{model}"
_COMMIT_TOKEN: Json = {
    "description": "Names the commit: `after` of a later read waits until the stream has brought it",
    "schema": {"type": "string"},
}
_KEY: Json = {
    "name": IDEMPOTENCY_KEY,
    "in": "header",
    "required": False,
    "schema": {
        "type": "string",
        "pattern": PATTERN,
        "description": "Sent again with the same key, the write is not done again and has the same answer",
    },
}
_WITH_KEY = (HTTPStatus.BAD_REQUEST, HTTPStatus.CONFLICT)
# Any request may be refused or fail in these ways, whatever its route says.
_ALWAYS = (HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.SERVICE_UNAVAILABLE)
_WITH_PARAMETERS = (HTTPStatus.UNPROCESSABLE_ENTITY,)
_WITH_TOKEN = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS)
_TOKEN: Json = {
    "type": "http",
    "scheme": "bearer",
    "description": "`bin/dataflix token create` makes one. Not needed where only the own machine reaches the API.",
}
_WITH_BODY = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
)


def describe(
    routes: Sequence[AnyRoute], streams: Sequence[Stream] = ()
) -> Callable[[web.Request], Awaitable[web.Response]]:
    """A handler that answers with the document of these routes, rendered once."""
    rendered = orjson.dumps(document(routes, streams), option=orjson.OPT_INDENT_2)

    async def read_openapi(_request: web.Request) -> web.Response:
        return web.Response(body=rendered, content_type=JSON)

    return read_openapi


def document(routes: Sequence[AnyRoute], streams: Sequence[Stream] = ()) -> Json:
    """The whole document."""
    models: dict[tuple[type[BaseModel], JsonSchemaMode], None] = {(ProblemDocument, "serialization"): None}
    for route in routes:
        models |= {(model, "serialization"): None for model in route.gives.values() if model is not Nothing}
        if route.takes[2] is not NoBody:
            models[route.takes[2], "validation"] = None
    for stream in streams:
        models |= {(model, "serialization"): None for model in stream.sends.values()}
    keyed, schemas = models_json_schema(list(models), ref_template=_REFERENCE)
    references: References = {model: reference for (model, _mode), reference in keyed.items()}
    paths: dict[str, Json] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, references)
    for stream in streams:
        paths.setdefault(stream.path, {})["get"] = _stream_operation(stream, references)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Dataflix", "version": "1", "summary": "Movie recommendations on a live change stream"},
        "paths": paths,
        "components": {"schemas": schemas["$defs"], "securitySchemes": {"token": _TOKEN}},
    }


def _operation(route: AnyRoute, references: References) -> Json:
    path_model, query_model, body_model = route.takes
    refusals = {*_ALWAYS, *route.problems}
    operation: Json = {
        "operationId": route.handler.__name__,
        "summary": (route.handler.__doc__ or "").partition("\n")[0],
        "tags": [route.path.split("/")[1]],
        "responses": {
            str(status.value): {"description": status.phrase}
            if model is Nothing
            else _content(status, JSON, references[model])
            for status, model in route.gives.items()
        },
    }
    if route.commits:
        for status in route.gives:
            operation["responses"][str(status.value)]["headers"] = {HEADER: _COMMIT_TOKEN}
    if route.writes:
        refusals.update(_WITH_KEY)
    keys = [_KEY] if route.writes else []
    if parameters := [*_parameters(path_model, "path"), *_parameters(query_model, "query"), *keys]:
        operation["parameters"] = parameters
    refusals.update(_WITH_PARAMETERS)
    if scope := needed_scope(route.method, route.path):
        operation["security"] = [{"token": []}, {}]
        operation["description"] = f"Scope `{scope}`."
        refusals.update(_WITH_TOKEN)
    if body_model is not NoBody:
        schema = references[body_model]
        operation["requestBody"] = {"required": True, "content": {JSON: {"schema": schema}}}
        refusals.update(_WITH_BODY)
    for status in sorted(refusals):
        problem = _content(status, CONTENT_TYPE, references[ProblemDocument])
        operation["responses"].setdefault(str(status.value), problem)
    return operation


def _stream_operation(stream: Stream, references: References) -> Json:
    """OpenAPI 3.1 has no word for events: the media type is text, and `x-events` says what the data of each hold."""
    headers = [
        {"name": name, "in": "header", "required": False, "schema": {"type": "string", "description": meaning}}
        for name, meaning in stream.headers.items()
    ]
    success = _content(HTTPStatus.OK, stream.media_type, {"type": "string"})
    success["content"][stream.media_type]["x-events"] = {
        name: references[model] | {"description": (model.__doc__ or "").partition("\n")[0]}
        for name, model in stream.sends.items()
    }
    responses = {"200": success}
    for status in sorted({*_ALWAYS, *_WITH_PARAMETERS, *_WITH_TOKEN, *stream.problems}):
        responses[str(status.value)] = _content(status, CONTENT_TYPE, references[ProblemDocument])
    return {
        "operationId": stream.handler.__name__,
        "summary": (stream.handler.__doc__ or "").partition("\n")[0],
        "tags": [stream.path.split("/")[1]],
        "security": [{"token": []}, {}],
        "description": f"Scope `{needed_scope('GET', stream.path)}`.",
        "parameters": [*_parameters(stream.query, "query"), *headers],
        "responses": responses,
    }


def _parameters(model: type[Query], place: str) -> list[Json]:
    if model is NoParameters:
        return []
    schema = model.model_json_schema()
    required = schema.get("required", [])
    return [
        {"name": name, "in": place, "required": name in required, "schema": rule}
        for name, rule in schema["properties"].items()
    ]


def _content(status: HTTPStatus, media_type: str, schema: Json) -> Json:
    return {"description": status.phrase, "content": {media_type: {"schema": schema}}}
