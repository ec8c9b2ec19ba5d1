"""A MovieLens data set as a log of interactions, without a database in between."""

from dataflix.recommender.interactions import RATING_WEIGHT
from training.interaction_log import Block, InteractionLog, build_log
from training.movielens.data_set import DataSet

MICROSECONDS = 1_000_000


def interaction_log(data_set: DataSet) -> InteractionLog:
    """Its ratings as training reads them after they came through the stream. Raises UnfitData."""
    ratings = data_set.ratings
    scores = (RATING_WEIGHT * ratings.stars).round(2)
    return build_log(
        [Block(ratings.user_ids, ratings.movie_ids, scores, ratings.stars, ratings.seconds * MICROSECONDS)]
    )
