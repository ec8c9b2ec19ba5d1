"""What a route is: a path, what it takes and gives, and the function that answers. OpenAPI is made of the same list."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from http import HTTPStatus
from typing import Any, Generic, TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

from api.access import CALLER, SCOPE, needed_scope
from api.commit_tokens import HEADER, CommitToken
from api.front import AtOnce
from api.idempotency import REPLAYED, digest_of, once, read_key
from api.keys import PROGRESS, STORE
from api.problems import Problem, catching_up, invalid_body, invalid_parameters
from api.resources.forms import Body, NoBody, NoParameters, Nothing, Query
from api.resources.opinions import Rating, Watched
from api.resources.people import User
from api.store import KeptAnswer, Put, Store
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
    within: Store | None = None  # of the attempt that the call is part of

    @property
    def store(self) -> Store:
        """Where this request writes."""
        return self.within or self.app[STORE]


@dataclass(frozen=True, slots=True)
class Reply:
    """What a route answers. ``committed`` is called when all that it wrote is durable."""

    answer: BaseModel | bytes  # bytes: rendered before
    status: HTTPStatus = HTTPStatus.OK
    headers: Mapping[str, str] = field(default_factory=dict)
    committed: Callable[[], None] | None = None

    @property
    def body(self) -> bytes:
        """The answer as it travels."""
        if self.status == HTTPStatus.NO_CONTENT:
            return b""
        return self.answer if isinstance(self.answer, bytes) else self.answer.model_dump_json().encode()


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
    at_once: AtOnce | None = None  # looks for an answer that is at hand
    from_memory: bool = False  # answered from what the stream has brought: 503 until that is all there was

    @cached_property
    def writes(self) -> bool:
        """Whether it changes anything, and so takes an idempotency key."""
        return needed_scope(self.method, self.path) is Scope.WRITE

    async def __call__(self, request: web.Request) -> web.Response:
        """Read the request, answer it. Raises Problem for what the route does not take."""
        path_model, query_model, body_model = self.takes
        progress = request.app[PROGRESS]
        if self.from_memory and not progress.caught_up:
            raise catching_up(progress.lag)
        call = Call(
            app=request.app,
            scope=request.get(SCOPE, Scope.READ),
            path=read_parameters(path_model, dict(request.match_info)),
            query=read_parameters(query_model, dict(request.query)),
            body=await _read_body(body_model, request),
        )
        key = read_key(request.headers, request.get(CALLER, "")) if self.writes else None
        if key is not None:
            return await self._once(call, key, digest_of(key, self.method, request.raw_path, await request.read()))
        reply = await self.handler(call)
        if reply.committed:
            reply.committed()
        return _response(reply.status, reply.headers, reply.body)

    async def _once(self, call: Call[PathModel, QueryModel, BodyModel], key: bytes, request: bytes) -> web.Response:
        """The answer to a write with this idempotency key."""
        done: list[Reply] = []

        async def write(store: Store) -> tuple[KeptAnswer, int | None]:
            reply = await self.handler(replace(call, within=store))
            done.append(reply)
            whose = reply.answer.user_id if isinstance(reply.answer, User | Rating | Watched) else None
            return KeptAnswer(request, reply.status, reply.headers, reply.body), whose

        answer, again = await once(call.store, key, request, write)
        for reply in done:
            if reply.committed:
                reply.committed()
        headers = {**answer.headers, REPLAYED: "true"} if again else answer.headers
        return _response(answer.status, headers, answer.body)


def _response(status: int, headers: Mapping[str, str], body: bytes) -> web.Response:
    if status == HTTPStatus.NO_CONTENT:
        return web.Response(status=status, headers=headers)
    return web.Response(body=body, status=status, headers=headers, content_type=JSON)


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
