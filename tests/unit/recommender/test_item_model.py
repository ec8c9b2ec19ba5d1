"""A model survives its way in bytes, and anything that is none is refused."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from item_models import a_model, models

from dataflix.recommender import InvalidModel, ItemModel

MODEL = a_model([[1.0, 0.5], [0.0, 2.0], [0.25, 0.0]], [3, 5, 8])
GOOD: dict[str, Any] = {
    "format_version": np.int64(1),
    "item_ids": MODEL.item_ids,
    "factors": MODEL.factors,
    "popularity": MODEL.popularity,
}


def archived(**arrays: Any) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **(GOOD | arrays))
    return buffer.getvalue()


@given(models())
def test_what_was_written_is_read(model: ItemModel) -> None:
    again = ItemModel.from_bytes(model.to_bytes())

    assert np.array_equal(again.item_ids, model.item_ids)
    assert np.array_equal(again.factors, model.factors)
    assert np.array_equal(again.popularity, model.popularity)
    assert np.array_equal(again.gram, model.gram)


def test_equal_models_have_equal_bytes() -> None:
    assert ItemModel.from_bytes(MODEL.to_bytes()).to_bytes() == MODEL.to_bytes()


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        ({"format_version": np.int64(2)}, "format 2"),
        ({"item_ids": np.array([3, 8, 5])}, "ascending"),
        ({"item_ids": np.array([3, 3, 5])}, "each once"),
        ({"item_ids": np.array([3, 5])}, "2 items, 3 rows"),
        ({"item_ids": np.array([3.0, 5.0, 8.0])}, "'item_ids'"),
        ({"popularity": np.ones(4, np.float32)}, "4 popularities"),
        ({"popularity": np.array([1, -1, 1], np.float32)}, "'popularity'"),
        ({"factors": -MODEL.factors}, "'factors'"),
        ({"factors": MODEL.factors * np.float32(np.nan)}, "'factors'"),
        ({"factors": MODEL.factors.astype(np.float64)}, "'factors'"),
        ({"factors": np.empty((3, 0), np.float32)}, "no factors"),
        ({"factors": np.array([object()])}, "cannot be read"),
    ],
)
def test_arrays_that_are_no_model_are_refused_with_a_reason(arrays: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidModel, match=reason):
        ItemModel.from_bytes(archived(**arrays))


def test_an_archive_without_factors_is_refused() -> None:
    buffer = io.BytesIO()
    np.savez(buffer, format_version=np.int64(1), item_ids=MODEL.item_ids)

    with pytest.raises(InvalidModel, match="cannot be read"):
        ItemModel.from_bytes(buffer.getvalue())


class Trap:
    """Unpickling one touches a file."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[Any, tuple[Path]]:
        return Path.touch, (self.file,)


def test_no_code_in_the_bytes_is_run(tmp_path: Path) -> None:
    pickled = archived(factors=np.array([Trap(tmp_path / "sprung")], dtype=object))

    with pytest.raises(InvalidModel):
        ItemModel.from_bytes(pickled)

    assert not (tmp_path / "sprung").exists()


@given(st.binary(max_size=200))
def test_any_bytes_that_are_no_archive_are_refused(data: bytes) -> None:
    with pytest.raises(InvalidModel):
        ItemModel.from_bytes(data)


@given(st.integers(0, len(MODEL.to_bytes()) - 1))
def test_a_model_cut_short_is_refused(length: int) -> None:
    with pytest.raises(InvalidModel):
        ItemModel.from_bytes(MODEL.to_bytes()[:length])


@given(st.integers(0, len(MODEL.to_bytes()) - 1), st.integers(1, 255))
def test_a_model_with_one_wrong_byte_is_refused_or_says_the_same(position: int, change: int) -> None:
    data = bytearray(MODEL.to_bytes())
    data[position] ^= change

    try:
        read = ItemModel.from_bytes(bytes(data))
    except InvalidModel:
        return
    assert read.to_bytes() == MODEL.to_bytes()


def test_a_model_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        MODEL.factors[0, 0] = 7
