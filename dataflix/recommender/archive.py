"""The bytes that a model travels in: a NumPy archive, never a pickle, with the version of its format."""

import io
from dataclasses import asdict
from typing import Any, Final

import numpy as np
from numpy.lib.npyio import NpzFile

from dataflix.recommender.interactions import Recency
from dataflix.recommender.model import FACTORS_ALONE, Blend, ItemModel
from dataflix.recommender.neighbours import Neighbours
from dataflix.recommender.stars import StarModel
from dataflix.recommender.validity import InvalidModel

FORMAT_VERSION: Final = 4
THREE_PARTS_FORMAT: Final = 3  # no table of what the same people chose: still read
ENDLESS_FORMAT: Final = 2  # a history is looked at to its end: still read
FACTORS_FORMAT: Final = 1  # item factors and popularity, nothing else: still read
READ: Final = (FACTORS_FORMAT, ENDLESS_FORMAT, THREE_PARTS_FORMAT, FORMAT_VERSION)
_ITEMS: Final = ("item_ids", "factors", "popularity")
_NEIGHBOURS: Final = ("starts", "items", "weights")
_TABLES: Final = {"next_items": "next", "also_chosen": "also"}  # what the names of their arrays begin with
_STARS: Final = ("mean", "item_bias", "factors", "person_shrinkage", "ridge")
_NUMBERS: Final = ("mean", "person_shrinkage", "ridge")
_RECENCIES: Final = ("factors_recency", "next_items_recency", "also_chosen_recency")
_WEIGHTS: Final = ("factors", "next_items", "popularity", "also_chosen")


def model_to_bytes(model: ItemModel) -> bytes:
    """The model as an archive. Equal models give equal bytes."""
    arrays: dict[str, Any] = {name: getattr(model, name) for name in _ITEMS}
    for table, prefix in _TABLES.items():
        neighbours = getattr(model, table)
        if neighbours is not None:
            arrays |= {f"{prefix}_{name}": getattr(neighbours, name) for name in _NEIGHBOURS}
    if model.stars is not None:
        arrays |= {f"stars_{name}": getattr(model.stars, name) for name in _STARS}
    blend = asdict(model.blend)
    for name in _RECENCIES:
        recency = blend.pop(name)
        arrays[f"blend_{name}"] = np.array([recency["half_life"], recency["floor"], recency["reach"]])
    arrays |= {f"blend_{name}": np.float64(weight) for name, weight in blend.items()}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, format_version=np.int64(FORMAT_VERSION), **arrays)
    return buffer.getvalue()


def model_from_bytes(data: bytes) -> ItemModel:
    """Read what ``model_to_bytes`` of this or an earlier release wrote; a model of the first format has factors alone.

    Raises InvalidModel for anything else; never runs code out of ``data``.
    """
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            version = int(archive["format_version"])
            parts = _read(archive, version) if version in READ else None
    except Exception as error:  # zipfile, zlib and numpy have a dozen ways to say that bytes are not theirs
        raise InvalidModel(
            f"The model of {len(data)} bytes cannot be read ({type(error).__name__}): "
            "fetch it again or train a new one."
        ) from error
    if parts is None:
        raise InvalidModel(
            f"The model has format {version} and this release reads formats {FACTORS_FORMAT} to {FORMAT_VERSION}: "
            "train a new model with this release."
        )
    return ItemModel(**parts)


def _read(archive: NpzFile, version: int) -> dict[str, Any]:
    parts: dict[str, Any] = {name: archive[name] for name in _ITEMS}
    if version == FACTORS_FORMAT:
        return parts | {"blend": FACTORS_ALONE}
    for table, prefix in _TABLES.items():
        if f"{prefix}_starts" in archive:
            parts[table] = Neighbours(**{name: archive[f"{prefix}_{name}"] for name in _NEIGHBOURS})
    if "stars_mean" in archive:
        stars: dict[str, Any] = {name: archive[f"stars_{name}"] for name in _STARS}
        parts["stars"] = StarModel(**stars | {name: float(stars[name]) for name in _NUMBERS})
    known = {name for name in (*_WEIGHTS, *_RECENCIES) if version == FORMAT_VERSION or "also_chosen" not in name}
    blend: dict[str, Any] = {name: float(archive[f"blend_{name}"]) for name in _WEIGHTS if name in known}
    blend |= {name: Recency(*archive[f"blend_{name}"].tolist()) for name in _RECENCIES if name in known}
    return parts | {"blend": Blend(**blend)}
