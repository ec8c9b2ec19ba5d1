"""What somebody thinks of movies and has watched; and taking it back."""

from functools import partial

from cli.answers import Movie, Rating, Watched
from cli.command import Arguments
from cli.commands.movies import the_movie
from cli.errors import BadCommand
from cli.outcome import Outcome, Question
from cli.session import Session, Step
from cli.stars import show_stars
from cli.views.opinions import ratings_page, watched_page


async def rate(session: Session, given: Arguments) -> Outcome:
    """Give stars. A thumb that was given earlier stays unless another is given."""
    _ = session.me
    thumb = {True: "like", False: "dislike", None: ""}[given.liked]
    stars = f"{given.stars:g}" if given.stars else ""
    movie = await the_movie(session, given.text, "rate", f"{stars} {thumb}".strip())
    if isinstance(movie, Outcome):
        return movie
    if given.stars is None:
        return Outcome(
            question=Question(
                f"How many stars for {movie.label}? From 0.5 to 5",
                lambda answer: f"rate #{movie.movie_id} {answer} {thumb}".rstrip() if answer else "",
            )
        )
    before = (await session.ratings()).get(movie.movie_id)
    liked = given.liked if given.liked is not None or before is None else before.liked
    return await _judge(session, movie, before, Rating(movie.movie_id, given.stars, liked))


async def like(session: Session, given: Arguments) -> Outcome:
    """Thumb up."""
    return await _thumb(session, given, "like", liked=True)


async def dislike(session: Session, given: Arguments) -> Outcome:
    """Thumb down."""
    return await _thumb(session, given, "dislike", liked=False)


async def _thumb(session: Session, given: Arguments, command: str, *, liked: bool) -> Outcome:
    _ = session.me
    movie = await the_movie(session, given.text, command)
    if isinstance(movie, Outcome):
        return movie
    before = (await session.ratings()).get(movie.movie_id)
    if before is None:
        return Outcome(
            question=Question(
                f"A thumb goes with stars: how many for {movie.label}?",
                lambda answer: f"rate #{movie.movie_id} {answer} {command}" if answer else "",
            )
        )
    return await _judge(session, movie, before, Rating(movie.movie_id, before.rating, liked))


async def _judge(session: Session, movie: Movie, before: Rating | None, now: Rating) -> Outcome:
    await session.rate(now)
    session.steps.append(Step(partial(_put_stars, session, movie, before)))
    thumb = {True: " and a thumb up", False: " and a thumb down", None: ""}[now.liked]
    return Outcome(said=f"{movie.label} has {show_stars(now.rating)} of you{thumb}.")


async def _put_stars(session: Session, movie: Movie, rating: Rating | None) -> str:
    """As they were before, or none."""
    if rating is None:
        await session.unrate(movie.movie_id)
        return f"{movie.label} has no stars of yours any more."
    await session.rate(rating)
    return f"{movie.label} has {show_stars(rating.rating)} again."


async def unrate(session: Session, given: Arguments) -> Outcome:
    """Take stars back."""
    _ = session.me
    movie = await the_movie(session, given.text, "unrate")
    if isinstance(movie, Outcome):
        return movie
    before = (await session.ratings()).get(movie.movie_id)
    if before is None:
        raise BadCommand(f"You have given {movie.label} no stars.")
    said = await _put_stars(session, movie, None)
    session.steps.append(Step(partial(_put_stars, session, movie, before)))
    return Outcome(said=said)


async def watched(session: Session, given: Arguments) -> Outcome:
    """Mark as watched; without a movie, show what is."""
    _ = session.me
    if not given.text:
        seen = sorted((await session.watched()).values(), key=_watched_at, reverse=True)
        await session.catalogue.know(tuple(one.movie_id for one in seen))
        return Outcome(watched_page(seen, session.catalogue.label))
    movie = await the_movie(session, given.text, "watched")
    if isinstance(movie, Outcome):
        return movie
    if movie.movie_id in await session.watched():
        return Outcome(said=f"{movie.label} is among what you have watched already.")
    await session.mark_watched(movie.movie_id)
    session.steps.append(Step(partial(_put_mark, session, movie, None)))
    return Outcome(said=f"{movie.label} is watched.")


async def _put_mark(session: Session, movie: Movie, mark: Watched | None) -> str:
    """As it was before, or none."""
    if mark is None:
        await session.unmark_watched(movie.movie_id)
        return f"{movie.label} is not watched any more."
    await session.mark_watched(movie.movie_id, mark.watched_at)
    return f"{movie.label} is watched again."


async def unwatch(session: Session, given: Arguments) -> Outcome:
    """Take the mark away."""
    _ = session.me
    movie = await the_movie(session, given.text, "unwatch")
    if isinstance(movie, Outcome):
        return movie
    before = (await session.watched()).get(movie.movie_id)
    if before is None:
        raise BadCommand(f"You have not marked {movie.label} as watched.")
    said = await _put_mark(session, movie, None)
    session.steps.append(Step(partial(_put_mark, session, movie, before)))
    return Outcome(said=said)


async def ratings(session: Session, _given: Arguments) -> Outcome:
    """Show the stars that were given."""
    _ = session.me
    given = sorted((await session.ratings()).values(), key=lambda one: one.rated_at, reverse=True)
    await session.catalogue.know(tuple(one.movie_id for one in given))
    return Outcome(ratings_page(given, session.catalogue.label))


async def undo(session: Session, _given: Arguments) -> Outcome:
    """Take the last thing back. What fails can be tried again."""
    if not session.steps:
        raise BadCommand("There is nothing to undo.")
    said = await session.steps[-1].back()
    session.steps.pop()
    return Outcome(said=said)


def _watched_at(one: Watched) -> str:
    return one.watched_at
