"""What people think of movies."""

from http import HTTPStatus

from api.handlers.paging import opinions
from api.problems import not_found
from api.resources.forms import NoBody, NoParameters, Nothing, UserMoviePath, UserPath
from api.resources.opinions import Judgement, NewRating, Opinions, OpinionsQuery, Rating
from api.routes import Call, Reply, Route, removed, written


async def rate(call: Call[NoParameters, NoParameters, NewRating]) -> Reply:
    """Rate a movie: 201 for a first rating, 200 for a changed mind."""
    return written(await call.store.rate(call.body))


async def put_rating(call: Call[UserMoviePath, NoParameters, Judgement]) -> Reply:
    """Rate a movie that the path names: 201 for a first rating, 200 for a changed mind."""
    rating = NewRating(**dict(call.path), **dict(call.body))
    return written(await call.store.rate(rating))


async def delete_rating(call: Call[UserMoviePath, NoParameters, NoBody]) -> Reply:
    """Take a rating back."""
    token = await call.store.unrate(call.path.user_id, call.path.movie_id)
    if token is None:
        raise not_found("rating")
    return removed(token)


async def list_ratings(call: Call[UserPath, OpinionsQuery, NoBody]) -> Reply:
    """List what one person thinks of movies."""
    store = call.store
    ratings = await store.ratings(call.path.user_id, call.query.page)
    if not ratings and await store.user(call.path.user_id) is None:
        raise not_found("user")
    return Reply(opinions(ratings, call.query, lambda rating: rating.rating_id))


ROUTES = (
    Route(
        method="POST",
        path="/ratings",
        handler=rate,
        takes=(NoParameters, NoParameters, NewRating),
        gives={HTTPStatus.CREATED: Rating, HTTPStatus.OK: Rating},
        problems=(HTTPStatus.NOT_FOUND,),
        commits=True,
    ),
    Route(
        method="PUT",
        path="/ratings/{user_id}/{movie_id}",
        handler=put_rating,
        takes=(UserMoviePath, NoParameters, Judgement),
        gives={HTTPStatus.CREATED: Rating, HTTPStatus.OK: Rating},
        problems=(HTTPStatus.NOT_FOUND,),
        commits=True,
    ),
    Route(
        method="DELETE",
        path="/ratings/{user_id}/{movie_id}",
        handler=delete_rating,
        takes=(UserMoviePath, NoParameters, NoBody),
        gives={HTTPStatus.NO_CONTENT: Nothing},
        problems=(HTTPStatus.NOT_FOUND,),
        commits=True,
    ),
    Route(
        method="GET",
        path="/ratings/{user_id}",
        handler=list_ratings,
        takes=(UserPath, OpinionsQuery, NoBody),
        gives={HTTPStatus.OK: Opinions[Rating]},
        problems=(HTTPStatus.NOT_FOUND,),
    ),
)
