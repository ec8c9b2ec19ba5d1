"""What to watch next."""

from http import HTTPStatus

from api.keys import RECOMMENDER, STORE
from api.problems import not_found
from api.resources import NoBody, Recommendations, RecommendationsQuery, UserPath
from api.routes import Call, Reply, Route


async def read_recommendations(call: Call[UserPath, RecommendationsQuery, NoBody]) -> Reply:
    """Recommend movies that the person has neither rated nor watched, best first."""
    user_id, recommender = call.path.user_id, call.app[RECOMMENDER]
    # Somebody who signed up a moment ago may not have come through the stream yet.
    if not recommender.knows(user_id) and await call.app[STORE].user(user_id) is None:
        raise not_found("user")
    return Reply(recommender.recommend(user_id, call.query.limit))


ROUTES = (
    Route(
        method="GET",
        path="/recommendations/{user_id}",
        handler=read_recommendations,
        takes=(UserPath, RecommendationsQuery, NoBody),
        gives={HTTPStatus.OK: Recommendations},
        problems=(HTTPStatus.NOT_FOUND,),
    ),
)
