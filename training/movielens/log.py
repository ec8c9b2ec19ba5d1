"""A MovieLens data set as a log of interactions, without a database in between."""

from enum import StrEnum

import numpy as np

from dataflix.recommender.arrays import Int64Array
from dataflix.recommender.interactions import RATING_WEIGHT
from training.interaction_log import Block, InteractionLog, build_log
from training.movielens.data_set import DataSet, Ratings

MICROSECONDS = 1_000_000


class Ties(StrEnum):
    """What is known of the order of ratings that one person gave within one second, the finest that the files tell."""

    FILE = "file"  # the order in which the file lists them, as a stable sort by time leaves it
    NEUTRAL = "neutral"  # nothing


def interaction_log(data_set: DataSet, ties: Ties = Ties.NEUTRAL) -> InteractionLog:
    """Its ratings as training reads them after they came through the stream. Raises UnfitData."""
    ratings = data_set.ratings
    scores = (RATING_WEIGHT * ratings.stars).round(2)
    moments = ratings.seconds * MICROSECONDS
    if ties is Ties.FILE:
        moments += np.minimum(_place_within_second(ratings), MICROSECONDS - 1)
    return build_log([Block(ratings.user_ids, ratings.movie_ids, scores, ratings.stars, moments)])


def _place_within_second(ratings: Ratings) -> Int64Array:
    """How many ratings the file lists of the same person and second before each."""
    order = np.lexsort((ratings.seconds, ratings.user_ids))  # stable
    changes = (np.diff(ratings.user_ids[order]) != 0) | (np.diff(ratings.seconds[order]) != 0)
    runs = np.cumsum(np.concatenate([np.zeros(1, np.int64), changes]))
    begins = np.searchsorted(runs, np.arange(runs[-1] + 1))
    places = np.empty(order.size, dtype=np.int64)
    places[order] = np.arange(order.size) - begins[runs]
    return places
