"""The model as an MLflow pyfunc, logged as this source (no pickle): it runs wherever MLflow loads it, without Dataflix.

One row of the input is one person: ``movie_ids`` in the order in which they were rated, the newest last, and their
``ratings`` in stars. One row of the output is that person's ``movie_ids``, best first, and ``scores``.
"""

from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from mlflow.pyfunc.model import PythonModel

from dataflix.recommender import Catalogue, Interaction, interaction_score, model_from_bytes, recommend


class ServedModel(PythonModel):
    """Recommends from the histories that it is given; the movies it knows are its catalogue."""

    def load_context(self, context: Any) -> None:
        """Read the item model, once, when MLflow loads the model."""
        self._model = model_from_bytes(Path(context.artifacts["item_model"]).read_bytes())
        self._catalogue = Catalogue.of(self._model)

    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:  # noqa: ARG002
        """The recommendations of each row, at most ``params["limit"]`` of them."""
        limit = int((params or {}).get("limit", 10))
        lists = [
            recommend(self._model, self._catalogue, _history(movie_ids, ratings), limit=limit)
            for movie_ids, ratings in zip(model_input["movie_ids"], model_input["ratings"], strict=True)
        ]
        return pd.DataFrame(
            {
                "movie_ids": [[one.movie_id for one in best] for best in lists],
                "scores": [[one.score for one in best] for best in lists],
            },
            index=model_input.index,
        )


def _history(movie_ids: Any, ratings: Any) -> list[Interaction]:
    rated = zip(movie_ids, ratings, strict=True)
    return [
        Interaction(int(movie), interaction_score(float(stars)), at, float(stars))
        for at, (movie, stars) in enumerate(rated)
    ]


mlflow.models.set_model(ServedModel())
