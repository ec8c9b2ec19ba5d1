"""Which movies people watched."""

from http import HTTPStatus

from api.handlers.paging import page
from api.keys import STORE
from api.problems import not_found
from api.resources import NewWatched, NoBody, NoParameters, Page, PageQuery, UserPath, Watched
from api.routes import Call, Reply, Route


async def mark_watched(call: Call[NoParameters, NoParameters, NewWatched]) -> Reply:
    """Mark a movie as watched: 201 for the first time, 200 when it was marked before."""
    put = await call.app[STORE].mark_watched(call.body)
    return Reply(put.value, HTTPStatus.CREATED if put.created else HTTPStatus.OK)


async def list_watched(call: Call[UserPath, PageQuery, NoBody]) -> Reply:
    """List what one person watched."""
    store = call.app[STORE]
    watched = await store.watched(call.path.user_id, call.query)
    if not watched and await store.user(call.path.user_id) is None:
        raise not_found("user")
    return Reply(page(watched, call.query, lambda one: one.watched_id))


ROUTES = (
    Route(
        method="POST",
        path="/watched",
        handler=mark_watched,
        takes=(NoParameters, NoParameters, NewWatched),
        gives={HTTPStatus.CREATED: Watched, HTTPStatus.OK: Watched},
        problems=(HTTPStatus.NOT_FOUND,),
    ),
    Route(
        method="GET",
        path="/watched/{user_id}",
        handler=list_watched,
        takes=(UserPath, PageQuery, NoBody),
        gives={HTTPStatus.OK: Page[Watched]},
        problems=(HTTPStatus.NOT_FOUND,),
    ),
)
