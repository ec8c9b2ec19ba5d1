"""Whether arrays that came from outside are the arrays of a model."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from dataflix.errors import DataflixError


class InvalidModel(DataflixError):
    """A model whose bytes cannot be read or whose arrays do not fit one another."""


def check_kinds(owner: object, expected: Mapping[str, tuple[Any, int]]) -> None:
    """Raise InvalidModel when an array of ``owner`` has another type or number of dimensions than expected."""
    for name, (kind, dimensions) in expected.items():
        array = getattr(owner, name)
        if array.dtype != kind or array.ndim != dimensions:
            raise InvalidModel(
                f"The array {name!r} of the model is {array.ndim}-dimensional {array.dtype}, "
                f"and it must be {dimensions}-dimensional {np.dtype(kind)}: train a new model."
            )


def check_numbers(owner: object, names: Iterable[str], least: float = -np.inf) -> None:
    """Raise InvalidModel when a number of these arrays is not finite or is below ``least``."""
    for name in names:
        array = getattr(owner, name)
        if not np.isfinite(array).all() or np.any(array < least):
            raise InvalidModel(
                f"The array {name!r} of the model holds numbers that are negative or not finite: train a new model."
            )
