"""Looking at movies."""

from cli.answers import Movie
from cli.command import Arguments
from cli.outcome import Choice, Outcome
from cli.session import Session
from cli.views.movies import movie_page, movies_page, popular_page, similar_page

_BROWSED = 50
_LISTED = 10


async def browse(session: Session, given: Arguments) -> Outcome:
    """Search the catalogue."""
    movies = await session.catalogue.browse(given.text, given.movies, given.limit or _BROWSED)
    return Outcome(movies_page(movies, given.text, given.movies, await _stars(session)))


async def popular(session: Session, given: Arguments) -> Outcome:
    """What most people chose."""
    genre = given.movies.genre
    movies = await session.api.popular(given.limit or _LISTED, genre)
    return Outcome(popular_page(movies, genre, await _stars(session)))


async def similar(session: Session, given: Arguments) -> Outcome:
    """What goes with a movie."""
    movie = await the_movie(session, given.text, "similar")
    if isinstance(movie, Outcome):
        return movie
    listed = await session.api.similar(movie.movie_id, given.limit or _LISTED)
    return Outcome(similar_page(movie, listed.recommendations, await _stars(session)))


async def about(session: Session, given: Arguments) -> Outcome:
    """All about a movie."""
    found = await the_movie(session, given.text, "movie")
    if isinstance(found, Outcome):
        return found
    movie = await session.catalogue.movie(found.movie_id)
    watched = session.user is not None and movie.movie_id in await session.watched()
    return Outcome(movie_page(movie, (await _stars(session)).get(movie.movie_id), watched))


async def the_movie(session: Session, typed: str, command: str, rest: str = "") -> Movie | Outcome:
    """The movie that is meant, or a choice between those that may be; ``command`` and ``rest`` stand around it."""
    found = await session.catalogue.named(typed)
    if len(found) == 1:
        return found[0]
    options = tuple((movie.label, f"{command} #{movie.movie_id} {rest}".rstrip()) for movie in found)
    return Outcome(choice=Choice(f"Which movie is “{typed}”?", options))


async def _stars(session: Session) -> dict[int, float]:
    if session.user is None:
        return {}
    return {movie_id: one.rating for movie_id, one in (await session.ratings()).items()}
