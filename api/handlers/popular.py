"""What most people chose."""

from http import HTTPStatus

from api.keys import EXPLORER
from api.resources.forms import NoBody, NoParameters
from api.resources.recommendations import PopularMovies, PopularQuery
from api.routes import Call, Reply, Route


async def list_popular(call: Call[NoParameters, PopularQuery, NoBody]) -> Reply:
    """List the movies that most people rated or watched, all or those of a genre."""
    return Reply(PopularMovies(items=call.app[EXPLORER].popular(call.query.limit, call.query.genre)))


ROUTES = (
    Route(
        method="GET",
        path="/popular",
        handler=list_popular,
        takes=(NoParameters, PopularQuery, NoBody),
        gives={HTTPStatus.OK: PopularMovies},
        from_memory=True,
    ),
)
