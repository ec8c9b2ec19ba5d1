"""What a route is: a path, what it takes and gives, and the function that answers. OpenAPI is made of the same list."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Generic, TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

from api.access import SCOPE
from api.commit_tokens import HEADER, CommitToken
from api.problems import Problem, invalid_body, invalid_parameters
from api.resources.forms import Body, NoBody, NoParameters, Nothing, Query
from api.store import Put
from api.tokens import Scope

PathModel = TypeVar("PathModel", bound=Query)
QueryModel = TypeVar("QueryModel", bound=Query)
BodyModel = TypeVar("BodyModel", bound=Body)
JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Call(Generic[PathModel, QueryModel, BodyModel]):
    """One request whose parameters and body have been found good."""

    app: web.Application
    scope: Scope
    path: PathModel
    query: QueryModel
    body: BodyModel


@dataclass(frozen=True, slots=True)
class Reply:
    """What a route answers."""

    answer: BaseModel | bytes  # bytes: rendered before
    status: HTTPStatus = HTTPStatus.OK
    headers: Mapping[str, str] = field(default_factory=dict)


def written(put: Put[Any], **headers: str) -> Reply:
    """The answer to a write: 201 when the row is new, 200 when one was replaced; the header names the commit."""
    status = HTTPStatus.CREATED if put.created else HTTPStatus.OK
    return Reply(put.value, status, headers | {HEADER: str(put.token)})


def removed(token: CommitToken) -> Reply:
    """The answer to a delete: 204; the header names the commit."""
    return Reply(Nothing(), HTTPStatus.NO_CONTENT, {HEADER: str(token)})


@dataclass(frozen=True, kw_only=True)
class Route(Generic[PathModel, QueryModel, BodyModel]):
    """One method of one path. The first line of the handler's docstring is the summary in the OpenAPI document."""

    method: str
    path: str
    handler: Callable[[Call[PathModel, QueryModel, BodyModel]], Awaitable[Reply]]
    takes: tuple[type[PathModel], type[QueryModel], type[BodyModel]]
    gives: Mapping[HTTPStatus, type[BaseModel]]
    problems: tuple[HTTPStatus, ...] = ()
    commits: bool = False  # success carries a commit token

    async def __call__(self, request: web.Request) -> web.Response:
        """Read the request, answer it. Raises Problem for what the route does not take."""
        path_model, query_model, body_model = self.takes
        call = Call(
            app=request.app,
            scope=request.get(SCOPE, Scope.READ),
            path=read_parameters(path_model, dict(request.match_info)),
            query=read_parameters(query_model, dict(request.query)),
            body=await _read_body(body_model, request),
        )
        reply = await self.handler(call)
        if reply.status == HTTPStatus.NO_CONTENT:
            return web.Response(status=reply.status, headers=reply.headers)
        return web.Response(
            body=reply.answer if isinstance(reply.answer, bytes) else reply.answer.model_dump_json().encode(),
            status=reply.status,
            headers=reply.headers,
            content_type=JSON,
        )


AnyRoute = Route[Any, Any, Any]


@dataclass(frozen=True, kw_only=True)
class Stream:
    """A GET whose answer goes on. ``headers`` are those of the request, each with its meaning; all are optional."""

    path: str
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    query: type[Query]
    headers: Mapping[str, str]
    media_type: str
    sends: Mapping[str, type[BaseModel]]  # the data of its events, by name
    problems: tuple[HTTPStatus, ...] = ()


def read_parameters(model: type[QueryModel], values: dict[str, str]) -> QueryModel:
    """The parameters of a path or query. Raises Problem when they are not what the model takes."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise invalid_parameters(error.errors(include_url=False, include_input=False)) from None


async def _read_body(model: type[BodyModel], request: web.Request) -> BodyModel:
    if model is NoBody:
        return model()
    # Nothing but JSON: a form is what a page of another site could send from somebody's browser.
    if request.content_type != JSON:
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"Send the body as {JSON}.", headers={"Accept": JSON})
    try:
        return model.model_validate_json(await request.read())
    except ValidationError as error:
        raise invalid_body(error.errors(include_url=False, include_input=False)) from None


NOTHING = (NoParameters, NoParameters, NoBody)
