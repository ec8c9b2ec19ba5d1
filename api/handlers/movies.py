"""The catalogue."""

from http import HTTPStatus

from api.handlers.paging import page
from api.keys import EXPLORER, STORE
from api.problems import not_found
from api.resources.forms import MoviePath, NoBody, NoParameters, Page
from api.resources.movies import Movie, MoviesQuery
from api.resources.recommendations import ListQuery, RecommendationList
from api.routes import Call, Reply, Route


async def list_movies(call: Call[NoParameters, MoviesQuery, NoBody]) -> Reply:
    """List the movies, all or those of a genre, a year, a director, or with words in the title."""
    movies = await call.app[STORE].movies(call.query)
    return Reply(page(movies, call.query, lambda movie: movie.movie_id))


async def read_movie(call: Call[MoviePath, NoParameters, NoBody]) -> Reply:
    """Read one movie."""
    movie = await call.app[STORE].movie(call.path.movie_id)
    if movie is None:
        raise not_found("movie")
    return Reply(movie)


async def list_similar(call: Call[MoviePath, ListQuery, NoBody]) -> Reply:
    """List movies that go with this one, best first."""
    explorer = call.app[EXPLORER]
    # A movie that was added a moment ago may not have come through the stream yet.
    if not explorer.knows_movie(call.path.movie_id) and await call.app[STORE].movie(call.path.movie_id) is None:
        raise not_found("movie")
    return Reply(explorer.similar(call.path.movie_id, call.query.limit))


ROUTES = (
    Route(
        method="GET",
        path="/movies",
        handler=list_movies,
        takes=(NoParameters, MoviesQuery, NoBody),
        gives={HTTPStatus.OK: Page[Movie]},
    ),
    Route(
        method="GET",
        path="/movies/{movie_id}",
        handler=read_movie,
        takes=(MoviePath, NoParameters, NoBody),
        gives={HTTPStatus.OK: Movie},
        problems=(HTTPStatus.NOT_FOUND,),
    ),
    Route(
        method="GET",
        path="/movies/{movie_id}/similar",
        handler=list_similar,
        takes=(MoviePath, ListQuery, NoBody),
        gives={HTTPStatus.OK: RecommendationList},
        problems=(HTTPStatus.NOT_FOUND,),
        from_memory=True,
    ),
)
