"""What people think of movies."""

from http import HTTPStatus

from api.handlers.paging import page
from api.keys import STORE
from api.problems import not_found
from api.resources import NewRating, NoBody, NoParameters, Page, PageQuery, Rating, UserPath
from api.routes import Call, Reply, Route


async def rate(call: Call[NoParameters, NoParameters, NewRating]) -> Reply:
    """Rate a movie: 201 for a first rating, 200 for a changed mind."""
    put = await call.app[STORE].rate(call.body)
    return Reply(put.value, HTTPStatus.CREATED if put.created else HTTPStatus.OK)


async def list_ratings(call: Call[UserPath, PageQuery, NoBody]) -> Reply:
    """List what one person thinks of movies."""
    store = call.app[STORE]
    ratings = await store.ratings(call.path.user_id, call.query)
    if not ratings and await store.user(call.path.user_id) is None:
        raise not_found("user")
    return Reply(page(ratings, call.query, lambda rating: rating.rating_id))


ROUTES = (
    Route(
        method="POST",
        path="/ratings",
        handler=rate,
        takes=(NoParameters, NoParameters, NewRating),
        gives={HTTPStatus.CREATED: Rating, HTTPStatus.OK: Rating},
        problems=(HTTPStatus.NOT_FOUND,),
    ),
    Route(
        method="GET",
        path="/ratings/{user_id}",
        handler=list_ratings,
        takes=(UserPath, PageQuery, NoBody),
        gives={HTTPStatus.OK: Page[Rating]},
        problems=(HTTPStatus.NOT_FOUND,),
    ),
)
