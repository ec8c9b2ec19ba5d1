"""Which movies people watched."""

from http import HTTPStatus

from api.handlers.paging import opinions
from api.problems import not_found
from api.resources.forms import NoBody, NoParameters, Nothing, UserMoviePath, UserPath
from api.resources.opinions import NewWatched, Opinions, OpinionsQuery, Viewing, Watched
from api.routes import Call, Reply, Route, removed, written


async def mark_watched(call: Call[NoParameters, NoParameters, NewWatched]) -> Reply:
    """Mark a movie as watched: 201 for the first time, 200 when it was marked before."""
    return written(await call.store.mark_watched(call.body))


async def put_watched(call: Call[UserMoviePath, NoParameters, Viewing]) -> Reply:
    """Mark a movie that the path names as watched: 201 for the first time, 200 when it was marked before."""
    watched = NewWatched(**dict(call.path), **dict(call.body))
    return written(await call.store.mark_watched(watched))


async def delete_watched(call: Call[UserMoviePath, NoParameters, NoBody]) -> Reply:
    """Forget that a movie was watched."""
    token = await call.store.unmark_watched(call.path.user_id, call.path.movie_id)
    if token is None:
        raise not_found("viewing")
    return removed(token)


async def list_watched(call: Call[UserPath, OpinionsQuery, NoBody]) -> Reply:
    """List what one person watched."""
    store = call.store
    watched = await store.watched(call.path.user_id, call.query.page)
    if not watched and await store.user(call.path.user_id) is None:
        raise not_found("user")
    return Reply(opinions(watched, call.query, lambda one: one.watched_id))


ROUTES = (
    Route(
        method="POST",
        path="/watched",
        handler=mark_watched,
        takes=(NoParameters, NoParameters, NewWatched),
        gives={HTTPStatus.CREATED: Watched, HTTPStatus.OK: Watched},
        problems=(HTTPStatus.NOT_FOUND,),
        commits=True,
    ),
    Route(
        method="PUT",
        path="/watched/{user_id}/{movie_id}",
        handler=put_watched,
        takes=(UserMoviePath, NoParameters, Viewing),
        gives={HTTPStatus.CREATED: Watched, HTTPStatus.OK: Watched},
        problems=(HTTPStatus.NOT_FOUND,),
        commits=True,
    ),
    Route(
        method="DELETE",
        path="/watched/{user_id}/{movie_id}",
        handler=delete_watched,
        takes=(UserMoviePath, NoParameters, NoBody),
        gives={HTTPStatus.NO_CONTENT: Nothing},
        problems=(HTTPStatus.NOT_FOUND,),
        commits=True,
    ),
    Route(
        method="GET",
        path="/watched/{user_id}",
        handler=list_watched,
        takes=(UserPath, OpinionsQuery, NoBody),
        gives={HTTPStatus.OK: Opinions[Watched]},
        problems=(HTTPStatus.NOT_FOUND,),
    ),
)
