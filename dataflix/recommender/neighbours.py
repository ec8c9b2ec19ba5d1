"""What movies say of other movies: for each item its strongest neighbours, with a weight for each."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from dataflix.recommender.arrays import Float32Array, Float64Array, Int32Array, Int64Array, Rows
from dataflix.recommender.validity import InvalidModel, check_kinds, check_numbers

_ARRAYS: Final = {"starts": (np.int64, 1), "items": (np.int32, 1), "weights": (np.float32, 1)}


@dataclass(frozen=True, slots=True, eq=False)
class Neighbours:
    """A sparse table in compressed rows: the neighbours of item i stand from ``starts[i]`` up to ``starts[i + 1]``."""

    starts: Int64Array  # [n + 1]
    items: Int32Array  # rows of the model
    weights: Float32Array  # not negative

    def check(self, rows: int) -> None:
        """Raise InvalidModel unless this is the table of a model with that many items. The arrays become read-only."""
        check_kinds(self, _ARRAYS)
        ends = self.starts.size == rows + 1 and (self.starts[0], self.starts[-1]) == (0, self.items.size)
        if not ends or np.any(np.diff(self.starts) < 0) or self.items.size != self.weights.size:
            raise InvalidModel("The neighbours of the model do not fit its items: train a new model.")
        if self.items.size and not 0 <= int(self.items.min()) <= int(self.items.max()) < rows:
            raise InvalidModel("The neighbours of the model are not all items of the model: train a new model.")
        check_numbers(self, ("weights",), least=0.0)
        for name in _ARRAYS:
            getattr(self, name).setflags(write=False)

    def said(self, rows: Rows, wanted: Rows) -> Float64Array:
        """What each of ``rows`` says of each of ``wanted``, [rows, wanted]; no item is wanted twice."""
        said = np.zeros((rows.size, wanted.size))
        place = np.full(self.starts.size - 1, -1, dtype=np.intp)
        place[wanted] = np.arange(wanted.size)
        for number, row in enumerate(rows.tolist()):
            part = slice(self.starts[row], self.starts[row + 1])
            places = place[self.items[part]]
            told = places >= 0
            np.add.at(said[number], places[told], self.weights[part][told].astype(np.float64))
        return said
