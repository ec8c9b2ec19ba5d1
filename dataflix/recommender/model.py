"""What training hands to serving: item factors and popularity, and the bytes that they travel in."""

import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dataflix.errors import DataflixError

FORMAT_VERSION: Final = 1
_SHAPES: Final = {"item_ids": (np.int64, 1), "factors": (np.float32, 2), "popularity": (np.float32, 1)}

Int64Array = NDArray[np.int64]
Float32Array = NDArray[np.float32]
Float64Array = NDArray[np.float64]


class InvalidModel(DataflixError):
    """A model whose bytes cannot be read or whose arrays do not fit one another."""


@dataclass(frozen=True, slots=True, eq=False)
class ItemModel:
    """Item factors of a non-negative factorisation: a person's score for an item is the product of their two factors.

    People have no factors here: a history is folded in when it is needed (``fold_in``).
    Raises InvalidModel when the arrays do not fit one another. The arrays become read-only.
    """

    item_ids: Int64Array  # [n], ascending, each once
    factors: Float32Array  # [n, k], not negative
    popularity: Float32Array  # [n], people who interacted with the item when the model was trained
    gram: Float64Array = field(init=False)  # [k, k], factors' * factors

    def __post_init__(self) -> None:
        for name, (kind, dimensions) in _SHAPES.items():
            array = getattr(self, name)
            if array.dtype != kind or array.ndim != dimensions:
                raise InvalidModel(
                    f"The array {name!r} of the model is {array.ndim}-dimensional {array.dtype}, "
                    f"and it must be {dimensions}-dimensional {np.dtype(kind)}: train a new model."
                )
        rows, rank = self.factors.shape
        if not rows or not rank:
            raise InvalidModel("The model has no items or no factors: train it on more interactions.")
        if self.item_ids.shape != (rows,) or self.popularity.shape != (rows,):
            raise InvalidModel(
                f"The model has {self.item_ids.size} items, {rows} rows of factors and {self.popularity.size} "
                "popularities, and these must be as many: train a new model."
            )
        if np.any(np.diff(self.item_ids) <= 0):
            raise InvalidModel("The items of the model are not in ascending order, each once: train a new model.")
        for name in ("factors", "popularity"):
            array = getattr(self, name)
            if not np.isfinite(array).all() or np.any(array < 0):
                raise InvalidModel(
                    f"The array {name!r} of the model holds numbers that are negative or not finite: train a new model."
                )
        wide = self.factors.astype(np.float64)
        object.__setattr__(self, "gram", wide.T @ wide)
        for name in ("item_ids", "factors", "popularity", "gram"):
            getattr(self, name).setflags(write=False)

    @property
    def rank(self) -> int:
        """How many factors an item has."""
        return int(self.factors.shape[1])

    def rows_of(self, movie_ids: Iterable[int] | Int64Array) -> NDArray[np.intp]:
        """The row of each movie, -1 for a movie that the model does not know."""
        wanted = np.fromiter(movie_ids, np.int64) if not isinstance(movie_ids, np.ndarray) else movie_ids
        rows = np.searchsorted(self.item_ids, wanted)
        rows[rows == self.item_ids.size] = 0
        return np.where(self.item_ids[rows] == wanted, rows, -1)

    def to_bytes(self) -> bytes:
        """The model as a NumPy archive without pickles. Equal models give equal bytes."""
        buffer = io.BytesIO()
        np.savez_compressed(
            buffer,
            format_version=np.int64(FORMAT_VERSION),
            item_ids=self.item_ids,
            factors=self.factors,
            popularity=self.popularity,
        )
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> "ItemModel":
        """Read what ``to_bytes`` wrote. Raises InvalidModel for anything else; never runs code out of ``data``."""
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as archive:
                version = int(archive["format_version"])
                arrays = [archive[name] for name in _SHAPES] if version == FORMAT_VERSION else []
        except Exception as error:  # zipfile, zlib and numpy have a dozen ways to say that bytes are not theirs
            raise InvalidModel(
                f"The model of {len(data)} bytes cannot be read ({type(error).__name__}): "
                "fetch it again or train a new one."
            ) from error
        if version != FORMAT_VERSION:
            raise InvalidModel(
                f"The model has format {version} and this release reads format {FORMAT_VERSION}: "
                "train a new model with this release."
            )
        return cls(*arrays)
