"""The factors of a model that say most, and the movies that define each."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from dataflix.recommender import ItemModel
from dataflix.recommender.arrays import Float64Array, Rows

FACTORS: Final = 12
MOVIES_EACH: Final = 3
LONGEST_TITLE: Final = 38


@dataclass(frozen=True, slots=True, eq=False)
class FactorMap:
    """Weights of movies in factors, each as a share of the factor's largest."""

    names: list[str]  # of the movies
    factors: list[int]  # numbers of the factors, the one that says most first
    weights: Float64Array  # [movies, factors]


def factor_map(model: ItemModel, titles: Mapping[int, str]) -> FactorMap:
    """The factors with the most weight on what people choose, and the movies with the most weight in each.

    A movie that defines several is named once, under the first of them.
    """
    says = model.popularity.astype(np.float64) @ model.factors
    factors = np.argsort(-says, kind="stable")[:FACTORS]
    factors = factors[says[factors] > 0]
    rows: list[int] = []
    for factor in factors:
        rows += [int(row) for row in _strongest(model, int(factor)) if int(row) not in rows]
    chosen = model.factors[rows][:, factors].astype(np.float64)
    largest = model.factors[:, factors].max(axis=0, initial=0.0)
    names = [_short(titles.get(int(movie), f"movie {movie}")) for movie in model.item_ids[rows]]
    return FactorMap(names, factors.tolist(), chosen / largest)


def _strongest(model: ItemModel, factor: int) -> Rows:
    weights = model.factors[:, factor]
    order = np.argsort(-weights, kind="stable")[:MOVIES_EACH]
    return np.asarray(order[weights[order] > 0])


def _short(title: str) -> str:
    return title if len(title) <= LONGEST_TITLE else title[: LONGEST_TITLE - 1].rstrip() + "…"
