"""Erasures: how far they have come."""

from http import HTTPStatus

from api.keys import STORE
from api.problems import not_found
from api.resources.forms import NoBody, NoParameters, UserPath
from api.resources.people import Erasure
from api.routes import Call, Reply, Route


async def read_erasure(call: Call[UserPath, NoParameters, NoBody]) -> Reply:
    """Tell how far the erasure of a person has come."""
    erasure = await call.app[STORE].erasure(call.path.user_id)
    if erasure is None:
        raise not_found("erasure")
    return Reply(erasure)


ROUTES = (
    Route(
        method="GET",
        path="/erasures/{user_id}",
        handler=read_erasure,
        takes=(UserPath, NoParameters, NoBody),
        gives={HTTPStatus.OK: Erasure},
        problems=(HTTPStatus.NOT_FOUND,),
    ),
)
