"""Masked values keep what analysts need and nothing that names a person."""

import hashlib
import hmac
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflix.contracts import Masking
from dataflix.masking import PLAIN, key_id, mask_for, mask_hash, mask_name


@pytest.mark.parametrize(
    ("name", "masked"),
    [("John", "J***"), ("Doe", "D**"), ("X", "X"), ("", ""), (None, None), ("Zoë-Ann", "Z******"), ("李小龙", "李**")],
)
def test_a_name_keeps_its_first_letter_and_its_length(name: str | None, masked: str | None) -> None:
    assert mask_name(name) == masked


@given(st.text(min_size=1))
def test_no_letter_but_the_first_survives(name: str) -> None:
    masked = mask_name(name)
    assert masked is not None
    assert masked[0] == name[0]
    assert set(masked[1:]) <= {"*"}
    assert len(masked) == len(name)


def test_without_a_key_a_hash_is_the_start_of_sha_256() -> None:
    assert mask_hash("john.doe@example.com", b"") == hashlib.sha256(b"john.doe@example.com").hexdigest()[:16]


def test_with_a_key_a_hash_is_the_start_of_the_hmac() -> None:
    expected = hmac.new(b"key", b"john.doe@example.com", hashlib.sha256).hexdigest()[:16]
    assert mask_hash("john.doe@example.com", b"key") == expected


@given(st.text(min_size=1), st.binary(max_size=64))
def test_a_hash_is_sixteen_hex_characters_and_stable(value: str, key: bytes) -> None:
    masked = mask_hash(value, key)
    assert masked is not None
    assert len(masked) == 16
    assert set(masked) <= set(string.hexdigits.lower())
    assert masked == mask_hash(value, key)


@given(st.text(min_size=1))
def test_keys_separate_hashes(value: str) -> None:
    assert mask_hash(value, b"one") != mask_hash(value, b"two")


@pytest.mark.parametrize("empty", ["", None])
@pytest.mark.parametrize("masking", list(Masking))
def test_empty_and_null_stay_what_they_are(masking: Masking, empty: str | None) -> None:
    mask = mask_for(masking, b"key")
    assert mask is not None
    assert mask(empty) == empty


def test_a_column_without_masking_has_no_mask() -> None:
    assert mask_for(None, b"key") is None


def test_no_key_has_an_id_too() -> None:
    assert key_id(b"") == PLAIN


@given(st.binary(min_size=1), st.binary(min_size=1))
def test_a_key_id_names_its_key_and_holds_nothing_of_it(one: bytes, other: bytes) -> None:
    named = key_id(one)
    assert len(named) == 12
    assert set(named) <= set(string.hexdigits.lower())
    assert (named == key_id(other)) == (one == other)
