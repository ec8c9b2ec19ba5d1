"""The recommender that is measured is the one that serves: the same functions, over the training movies."""

from dataflix.recommender import Catalogue, History, ItemModel, predicted_stars, rank
from dataflix.recommender.arrays import Float64Array, Int64Array
from training.interaction_log import InteractionLog


class ServingModel:
    """What the API would answer with this model; with None, what it answers without a model: popularity."""

    def __init__(self, model: ItemModel | None, log: InteractionLog) -> None:
        """``log`` holds what is known: its movies may be listed, and are as popular as they are there."""
        self._model = model
        self._catalogue = Catalogue.counted(log.item_ids, log.popularity)

    def rank(self, user_id: int, history: History, limit: int) -> Int64Array:  # noqa: ARG002  # the history says it all
        """The first ``limit`` movies of the catalogue that are not in the history, best first."""
        return rank(self._model, self._catalogue, history, limit).movie_ids

    def stars(self, user_id: int, history: History, movie_ids: Int64Array) -> Float64Array:  # noqa: ARG002
        """What the person would give; for a movie that is in no training interaction, what they give on average."""
        return predicted_stars(self._model, history, movie_ids)
