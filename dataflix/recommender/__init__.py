"""The recommender as pure rules over numpy arrays: what a model is, how a history is folded in, what is recommended.

Nothing in here opens a file or a socket, and nothing in here imports more than numpy: training, the API and the model's
own pyfunc all run this same code.
"""

from dataflix.recommender.archive import model_from_bytes, model_to_bytes
from dataflix.recommender.catalogue import Catalogue
from dataflix.recommender.explain import Explanation, explain
from dataflix.recommender.fold_in import fold_in
from dataflix.recommender.interactions import (
    EVEN,
    WATCHED_ONLY_SCORE,
    History,
    Interaction,
    Recency,
    interaction_score,
)
from dataflix.recommender.model import Blend, ItemModel
from dataflix.recommender.neighbours import Neighbours
from dataflix.recommender.recommend import Basis, Recommendation, predicted_stars, rank, recommend
from dataflix.recommender.stars import StarModel
from dataflix.recommender.validity import InvalidModel

__all__ = [
    "EVEN",
    "WATCHED_ONLY_SCORE",
    "Basis",
    "Blend",
    "Catalogue",
    "Explanation",
    "History",
    "Interaction",
    "InvalidModel",
    "ItemModel",
    "Neighbours",
    "Recency",
    "Recommendation",
    "StarModel",
    "explain",
    "fold_in",
    "interaction_score",
    "model_from_bytes",
    "model_to_bytes",
    "predicted_stars",
    "rank",
    "recommend",
]
