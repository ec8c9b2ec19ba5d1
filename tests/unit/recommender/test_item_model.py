"""A model survives its way in bytes, and anything that is none is refused."""

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from item_models import a_model, models

from dataflix.recommender import (
    Basis,
    Blend,
    Catalogue,
    Interaction,
    InvalidModel,
    ItemModel,
    Neighbours,
    Recency,
    model_from_bytes,
    model_to_bytes,
    recommend,
)

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
    again = model_from_bytes(model_to_bytes(model))

    assert np.array_equal(again.item_ids, model.item_ids)
    assert np.array_equal(again.factors, model.factors)
    assert np.array_equal(again.popularity, model.popularity)
    assert np.array_equal(again.gram, model.gram)


def test_equal_models_have_equal_bytes() -> None:
    assert model_to_bytes(model_from_bytes(model_to_bytes(MODEL))) == model_to_bytes(MODEL)


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        ({"format_version": np.int64(5)}, "format 5"),
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
        model_from_bytes(archived(**arrays))


def test_a_model_of_the_first_format_ranks_by_its_factors_alone() -> None:
    model = model_from_bytes(archived())
    history = [Interaction(3, 3.5, at=1, stars=5.0)]

    shown = recommend(model, Catalogue.of(model), history, limit=2)

    assert model.next_items is None
    assert model.stars is None
    assert [one.movie_id for one in shown] == [8, 5]  # 8 has the main factor of 3, 5 has the other
    assert shown[0].basis is Basis.TASTE


def test_a_model_of_the_second_format_looks_at_a_history_to_its_end() -> None:
    weights = dict.fromkeys(("blend_factors", "blend_next_items", "blend_popularity"), np.float64(0.5))
    recencies = dict.fromkeys(("blend_factors_recency", "blend_next_items_recency"), np.array([4.0, 0.1]))

    model = model_from_bytes(archived(format_version=np.int64(2), **weights, **recencies))

    assert model.blend.next_items_recency == Recency(half_life=4.0, floor=0.1, reach=np.inf)
    assert model_from_bytes(model_to_bytes(model)).blend == model.blend


def test_a_model_of_the_third_format_has_no_table_of_what_was_also_chosen() -> None:
    weights = dict.fromkeys(("blend_factors", "blend_next_items", "blend_popularity"), np.float64(0.5))
    recencies = dict.fromkeys(("blend_factors_recency", "blend_next_items_recency"), np.array([4.0, 0.1, 400.0]))
    table = {"next_starts": np.array([0, 1, 1, 1]), "next_items": np.array([2], np.int32)}
    weight = {"next_weights": np.ones(1, np.float32)}

    model = model_from_bytes(archived(format_version=np.int64(3), **weights, **recencies, **table, **weight))
    shown = recommend(model, Catalogue.of(model), [Interaction(3, 3.5, at=1, stars=5.0)], limit=1)

    assert model.also_chosen is None
    assert model.blend.also_chosen == 0
    assert [one.movie_id for one in shown] == [8]


def test_both_tables_of_neighbours_survive() -> None:
    model = replace(
        MODEL,
        next_items=Neighbours(np.array([0, 1, 1, 2]), np.array([2, 0], np.int32), np.array([1, 0.5], np.float32)),
        also_chosen=Neighbours(np.array([0, 2, 2, 2]), np.array([1, 2], np.int32), np.array([0.25, 1], np.float32)),
        blend=Blend(0.2, 1.0, 0.1, also_chosen=0.5, also_chosen_recency=Recency(16.0, 0.05, 400.0)),
    )

    again = model_from_bytes(model_to_bytes(model))

    assert again.blend == model.blend
    for table in ("next_items", "also_chosen"):
        for name in ("starts", "items", "weights"):
            assert np.array_equal(getattr(getattr(again, table), name), getattr(getattr(model, table), name))


def test_an_archive_without_factors_is_refused() -> None:
    buffer = io.BytesIO()
    np.savez(buffer, format_version=np.int64(1), item_ids=MODEL.item_ids)

    with pytest.raises(InvalidModel, match="cannot be read"):
        model_from_bytes(buffer.getvalue())


class Trap:
    """Unpickling one touches a file."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[Any, tuple[Path]]:
        return Path.touch, (self.file,)


def test_no_code_in_the_bytes_is_run(tmp_path: Path) -> None:
    pickled = archived(factors=np.array([Trap(tmp_path / "sprung")], dtype=object))

    with pytest.raises(InvalidModel):
        model_from_bytes(pickled)

    assert not (tmp_path / "sprung").exists()


@given(st.binary(max_size=200))
def test_any_bytes_that_are_no_archive_are_refused(data: bytes) -> None:
    with pytest.raises(InvalidModel):
        model_from_bytes(data)


@given(st.integers(0, len(model_to_bytes(MODEL)) - 1))
def test_a_model_cut_short_is_refused(length: int) -> None:
    with pytest.raises(InvalidModel):
        model_from_bytes(model_to_bytes(MODEL)[:length])


@given(st.integers(0, len(model_to_bytes(MODEL)) - 1), st.integers(1, 255))
def test_a_model_with_one_wrong_byte_is_refused_or_says_the_same(position: int, change: int) -> None:
    data = bytearray(model_to_bytes(MODEL))
    data[position] ^= change

    try:
        read = model_from_bytes(bytes(data))
    except InvalidModel:
        return
    assert model_to_bytes(read) == model_to_bytes(MODEL)


def test_a_model_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        MODEL.factors[0, 0] = 7
