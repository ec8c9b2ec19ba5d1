"""What to watch next."""

from http import HTTPStatus

from aiohttp import web

from api.commit_tokens import CommitToken
from api.keys import ARRIVALS, EXPLORER, OVERLOAD, PROGRESS, RECOMMENDER, STORE
from api.problems import not_found
from api.resources.forms import NoBody, NoParameters, UserPath
from api.resources.recommendations import (
    AnonymousRatings,
    PersonalQuery,
    RecommendationList,
    Recommendations,
    RecommendationsAnswer,
    RecommendationsQuery,
)
from api.routes import Call, Reply, Route

_USUAL = PersonalQuery().limit
_DIGITS = 18  # of a number that surely is one of a person


async def read_recommendations(call: Call[UserPath, PersonalQuery, NoBody]) -> Reply:
    """Recommend movies that the person has neither rated nor watched, best first."""
    user_id, recommender = call.path.user_id, call.app[RECOMMENDER]
    fresh = await _arrived(call.app, call.query.after) if call.query.after else None
    # Somebody who signed up a moment ago may not have come through the stream yet.
    if not recommender.knows(user_id) and await call.app[STORE].user(user_id) is None:
        raise not_found("user")
    query = call.query
    if query.explain:
        explorer = call.app[EXPLORER]
        return Reply(explorer.explained(user_id, query.limit, query.genre, query.excluded, fresh=fresh))
    if query.genre is None and not query.excluded:
        return Reply(recommender.rendered(user_id, query.limit, fresh))
    narrowed = call.app[EXPLORER].for_user(user_id, query.limit, query.genre, query.excluded)
    return Reply(Recommendations(user_id=user_id, fresh=fresh, **dict(narrowed)))


async def _arrived(app: web.Application, token: CommitToken) -> bool:
    """Whether the commit has come, once it has or the patience is over."""
    arrivals = app[ARRIVALS]
    if arrivals.has(token):
        return True
    with app[OVERLOAD].aside():
        return await arrivals.wait(token)


def list_at_hand(request: web.Request) -> bytes | None:
    """The list of somebody whom the stream has brought."""
    app, user_id = request.app, request.match_info["user_id"]
    if not app[PROGRESS].caught_up or not (user_id.isascii() and user_id.isdigit() and len(user_id) <= _DIGITS):
        return None
    recommender, number = app[RECOMMENDER], int(user_id)
    return recommender.rendered(number, _USUAL) if recommender.knows(number) else None


async def recommend_for_ratings(call: Call[NoParameters, RecommendationsQuery, AnonymousRatings]) -> Reply:
    """Recommend movies to somebody without an account, for a few ratings of theirs."""
    query = call.query
    return Reply(call.app[EXPLORER].for_ratings(call.body.ratings, query.limit, query.genre, query.excluded))


ROUTES = (
    Route(
        method="GET",
        path="/recommendations/{user_id}",
        handler=read_recommendations,
        takes=(UserPath, PersonalQuery, NoBody),
        gives={HTTPStatus.OK: RecommendationsAnswer},
        problems=(HTTPStatus.NOT_FOUND,),
        from_memory=True,
        at_once=list_at_hand,
    ),
    Route(
        method="POST",
        path="/recommendations",
        handler=recommend_for_ratings,
        takes=(NoParameters, RecommendationsQuery, AnonymousRatings),
        gives={HTTPStatus.OK: RecommendationList},
        from_memory=True,
    ),
)
