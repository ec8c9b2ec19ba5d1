"""The recommender as pure rules over numpy arrays: what a model is, how a history is folded in, what is recommended.

Nothing in here opens a file or a socket, and nothing in here imports more than numpy: training, the API and the model's
own pyfunc all run this same code.
"""

from dataflix.recommender.catalogue import Catalogue
from dataflix.recommender.fold_in import Recency, fold_in
from dataflix.recommender.interactions import WATCHED_ONLY_SCORE, Interaction, interaction_score
from dataflix.recommender.model import InvalidModel, ItemModel
from dataflix.recommender.recommend import Basis, Recommendation, recommend

__all__ = [
    "WATCHED_ONLY_SCORE",
    "Basis",
    "Catalogue",
    "Interaction",
    "InvalidModel",
    "ItemModel",
    "Recency",
    "Recommendation",
    "fold_in",
    "interaction_score",
    "recommend",
]
