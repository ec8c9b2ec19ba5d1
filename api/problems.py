"""RFC 9457 problem documents: what every error of the API looks like on the wire.

A document says which kind of problem, in a sentence what to do, and for bad input which field. It never carries the
value that was sent, the text of an exception or a stack trace; ``instance`` is the number of the request in the logs.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from http import HTTPStatus
from typing import Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import ErrorDetails

from api.store import KeyInUse, Taken, UnknownReference
from dataflix.errors import DataflixError, SourceUnavailable

CONTENT_TYPE = "application/problem+json"
RETRY_AFTER = 1  # seconds
Thing = Literal["user", "movie", "rating", "viewing", "erasure"]  # what a request may name and nobody knows
_BLANK = "about:blank"  # the title is that of the status and nothing more is meant


class Kind(StrEnum):
    """The kinds of problem that say more than their status. The text is for programs, `words` for people."""

    UNKNOWN_USER = "unknown-user"
    UNKNOWN_MOVIE = "unknown-movie"
    UNKNOWN_RATING = "unknown-rating"
    UNKNOWN_VIEWING = "unknown-viewing"
    UNKNOWN_ERASURE = "unknown-erasure"
    TAKEN = "taken"
    MALFORMED_JSON = "malformed-json"
    INVALID_BODY = "invalid-body"
    INVALID_PARAMETERS = "invalid-parameters"
    UNAVAILABLE = "unavailable"
    CATCHING_UP = "catching-up"
    UNAUTHORISED = "unauthorised"
    FORBIDDEN = "forbidden"
    TOO_MANY_REQUESTS = "too-many-requests"
    MALFORMED_KEY = "malformed-key"
    KEY_REUSED = "key-reused"
    KEY_IN_USE = "key-in-use"

    @property
    def words(self) -> str:
        """The title of such a problem."""
        return _WORDS[self]


_WORDS = {
    Kind.UNKNOWN_USER: "Unknown user",
    Kind.UNKNOWN_MOVIE: "Unknown movie",
    Kind.UNKNOWN_RATING: "Unknown rating",
    Kind.UNKNOWN_VIEWING: "Unknown viewing",
    Kind.UNKNOWN_ERASURE: "Unknown erasure",
    Kind.TAKEN: "Already taken",
    Kind.MALFORMED_JSON: "Malformed JSON",
    Kind.INVALID_BODY: "Invalid body",
    Kind.INVALID_PARAMETERS: "Invalid parameters",
    Kind.UNAVAILABLE: "Not available now",
    Kind.CATCHING_UP: "Still reading what happened before",
    Kind.UNAUTHORISED: "No token that is known",
    Kind.FORBIDDEN: "Not within the scope of the token",
    Kind.TOO_MANY_REQUESTS: "Too many requests",
    Kind.MALFORMED_KEY: "Malformed idempotency key",
    Kind.KEY_REUSED: "Idempotency key of another request",
    Kind.KEY_IN_USE: "Idempotency key of a request under way",
}


class InputError(BaseModel):
    """One thing that is wrong with the input: where it stands and what is wrong, never what it was."""

    model_config = ConfigDict(frozen=True)

    pointer: str | None = Field(default=None, description="JSON pointer (RFC 6901) into the body")
    parameter: str | None = Field(default=None, description="Name of the path or query parameter")
    detail: str


class ProblemDocument(BaseModel):
    """RFC 9457."""

    model_config = ConfigDict(frozen=True)

    type: str = Field(default=_BLANK, description="Kind of problem, for programs")
    title: str = Field(description="Kind of problem, for people")
    status: int = Field(description="The status of the answer")
    detail: str = Field(description="What failed here and what to do")
    instance: str = Field(description="Number of the request, as in the header X-Request-Id and in the logs")
    errors: tuple[InputError, ...] | None = Field(default=None, description="What is wrong with the input")


class Problem(DataflixError):
    """Ends a request with a problem document. ``kind`` is None where the status says all."""

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        *,
        kind: Kind | None = None,
        errors: Sequence[InputError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.kind = kind
        self.errors = tuple(errors)
        self.headers = dict(headers or {})

    def document(self, request_id: str) -> ProblemDocument:
        """The document for the request with this number."""
        return ProblemDocument(
            type=f"urn:dataflix:problem:{self.kind}" if self.kind else _BLANK,
            title=self.kind.words if self.kind else self.status.phrase,
            status=self.status,
            detail=self.detail,
            instance=f"urn:uuid:{request_id}",
            errors=self.errors or None,
        )

    def response(self, request_id: str) -> web.Response:
        """The answer that carries the document."""
        return web.Response(
            body=self.document(request_id).model_dump_json(exclude_none=True).encode(),
            status=self.status,
            headers=self.headers,
            content_type=CONTENT_TYPE,
        )


def problem_of(error: web.HTTPException | DataflixError) -> Problem | None:
    """The problem that says what ``error`` means to the caller; None where it means nothing to them."""
    match error:
        case Taken(field=field):
            return Problem(
                HTTPStatus.CONFLICT,
                str(error),
                kind=Kind.TAKEN,
                errors=[InputError(pointer=f"/{field}", detail="Is taken")],
            )
        case UnknownReference(thing=thing):
            return not_found(thing)
        case KeyInUse():
            return Problem(
                HTTPStatus.CONFLICT, str(error), kind=Kind.KEY_IN_USE, headers={"Retry-After": str(RETRY_AFTER)}
            )
        case SourceUnavailable():
            return unavailable("The database does not answer in time: try again.", RETRY_AFTER)
        case web.HTTPException():
            status = HTTPStatus(error.status)
            headers = {name: error.headers[name] for name in ("Allow",) if name in error.headers}
            return Problem(status, f"{status.description or status.phrase}.", headers=headers)
    return None


def not_found(thing: Thing) -> Problem:
    """404: there is no such thing here."""
    return Problem(HTTPStatus.NOT_FOUND, f"There is no such {thing}.", kind=Kind(f"unknown-{thing}"))


def unavailable(detail: str, retry_after: int) -> Problem:
    """503: something behind the API does not answer; ``retry_after`` in seconds."""
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE, detail, kind=Kind.UNAVAILABLE, headers={"Retry-After": str(retry_after)}
    )


def catching_up(events: int) -> Problem:
    """503: this process does not know yet what happened before it started; ``events`` are left to be read."""
    left = f", {events:,} events are left" if events else ""
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        f"The API has just started and is still reading what was rated before{left}: ask again in a moment.",
        kind=Kind.CATCHING_UP,
        headers={"Retry-After": "1"},
    )


def invalid_body(errors: Sequence[ErrorDetails]) -> Problem:
    """422 for a body that is JSON and not what is asked for; 400 for one that is no JSON at all."""
    if any(error["type"] == "json_invalid" for error in errors):
        return Problem(HTTPStatus.BAD_REQUEST, "The body is not JSON in UTF-8.", kind=Kind.MALFORMED_JSON)
    return Problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "The body is not what this resource takes: mend the fields that are named.",
        kind=Kind.INVALID_BODY,
        errors=[InputError(pointer=_pointer(error["loc"]), detail=error["msg"]) for error in errors],
    )


def invalid_parameters(errors: Sequence[ErrorDetails]) -> Problem:
    """422 for path or query parameters that this resource does not take."""
    return Problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "The parameters are not what this resource takes: mend those that are named.",
        kind=Kind.INVALID_PARAMETERS,
        errors=[InputError(parameter=".".join(map(str, error["loc"])), detail=error["msg"]) for error in errors],
    )


def _pointer(location: tuple[int | str, ...]) -> str:
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in location)
