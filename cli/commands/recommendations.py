"""What to watch next."""

from cli.command import Arguments
from cli.errors import BadCommand
from cli.movement import moves
from cli.outcome import Outcome, Then
from cli.session import Session
from cli.views.recommendations import News, recommendations_page

LISTED = 10


async def show_list(session: Session, given: Arguments, news: News | None = None) -> Outcome:
    """The list of who is there, or of somebody else; with ``news`` what moved since it was shown last."""
    if given.words:
        raise BadCommand("Say the number of a person: `recommend 1`; `user` lists them.")
    someone = given.user_id
    if someone is not None and (session.user is None or someone != session.user.user_id):
        user = await session.api.user(someone)
    else:
        user = session.me
    mine = session.user is not None and user.user_id == session.user.user_id
    genre = given.movies.genre
    after = session.token if mine and news is None else None
    listed = await session.api.recommendations(user.user_id, given.limit or LISTED, genre, after)
    before = session.shown.movie_ids if mine and news and session.shown else None
    if mine:
        session.shown = listed
    page = recommendations_page(user, listed, moves(before, listed.movie_ids), news, genre)
    said = "" if listed.fresh is not False else "The newest rating is not counted yet: the stream is behind."
    return Outcome(page, said, Then.FOLLOW_LIST if mine else Then.NOTHING)
