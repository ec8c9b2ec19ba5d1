"""Which of a person's movies speak for each recommendation, as the API tells it."""

from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

import numpy as np

from api.changes import CatalogueMovie
from api.resources.recommendations import ExplainedRecommendation, Reason, Recommendation, ScoreParts
from dataflix.recommender import Basis, History, Interaction, ItemModel, explain

MOST = 3  # reasons of one recommendation


class Picked(NamedTuple):
    """A recommendation and what it rests on."""

    basis: Basis
    recommendation: Recommendation


def with_reasons(
    model: ItemModel | None,
    history: Collection[Interaction],
    picked: Sequence[Picked],
    movie: Callable[[int], CatalogueMovie | None],
) -> list[ExplainedRecommendation]:
    """What was picked by ``model`` for this ``history``, each with what speaks for it. ``movie`` names a movie."""
    by_taste = [one.recommendation for one in picked if one.basis is Basis.TASTE]
    others = [one.recommendation for one in picked if one.basis is not Basis.TASTE]
    explained = _explained(model, history, by_taste, movie) if model is not None and by_taste else []
    return explained + [ExplainedRecommendation(**dict(one), because=[], parts=None) for one in others]


def _explained(
    model: ItemModel,
    history: Collection[Interaction],
    listed: Sequence[Recommendation],
    movie: Callable[[int], CatalogueMovie | None],
) -> list[ExplainedRecommendation]:
    why = explain(model, History.of(history), np.array([one.movie_id for one in listed], dtype=np.int64))
    stars = {one.movie_id: one.stars for one in history}
    shares, mine = why.shares, why.movie_ids.tolist()
    answers = []
    for place, recommendation in enumerate(listed):
        strongest = np.argsort(-shares[place], kind="stable")[:MOST].tolist()
        reasons = [
            Reason(
                movie_id=mine[one],
                title=known.title if (known := movie(mine[one])) else None,
                rating=stars[mine[one]],
                contribution=shares[place, one],
                factors=why.by_factors[place, one],
                neighbours=why.by_neighbours[place, one],
            )
            for one in strongest
            if shares[place, one] > 0
        ]
        parts = ScoreParts(
            factors=why.by_factors[place].sum(),
            neighbours=why.by_neighbours[place].sum(),
            popularity=why.by_popularity[place],
        )
        answers.append(ExplainedRecommendation(**dict(recommendation), because=reasons, parts=parts))
    return answers
