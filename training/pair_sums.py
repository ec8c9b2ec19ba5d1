"""How much two interactions of one person have to do with each other: the less, the more there are in between."""

import numpy as np

from dataflix.recommender.arrays import Float64Array
from dataflix.recommender.interactions import shared_places
from training.choices import Choices
from training.interaction_log import InteractionLog


def places_of(log: InteractionLog) -> Float64Array:
    """The place of each interaction in its person's history; those of one moment share the mean of their places."""
    moment_of_person = np.cumsum(np.r_[True, (np.diff(log.users) != 0) | (np.diff(log.moments) != 0)])
    return shared_places(moment_of_person)


def pair_weight(apart: Float64Array, choices: Choices) -> Float64Array:
    """What a pair is worth that is so many places apart: 1 for neighbours, and less from there."""
    return np.exp2(-(np.maximum(np.abs(apart), 1.0) - 1.0) / choices.pair_half_life)
