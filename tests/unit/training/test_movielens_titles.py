"""Titles of MovieLens, taken apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.movielens.titles import split_title


@pytest.mark.parametrize(
    ("written", "title", "year"),
    [
        ("Heat (1995)", "Heat", 1995),
        ("Matrix, The (1999)", "The Matrix", 1999),
        ("Beautiful Mind, A (2001)", "A Beautiful Mind", 2001),
        ("Good, the Bad and the Ugly, The (1966)", "The Good, the Bad and the Ugly", 1966),
        ("City of Lost Children, The (Cité, La) (1995)", "The City of Lost Children (La Cité)", 1995),
        ("Avventura, L' (Adventure, The) (1960)", "L'Avventura (The Adventure)", 1960),
        ("Macbeth (a.k.a. Tragedy of Macbeth, The) (1971)", "Macbeth (a.k.a. The Tragedy of Macbeth)", 1971),
        ("Monsters, Inc. (2001)", "Monsters, Inc.", 2001),
        ("Fawlty Towers (1975-1979)", "Fawlty Towers", 1975),
        ("Death Note (2006\u20132007)", "Death Note", 2006),
        ("A Series (2016-)", "A Series", 2016),
        ("2001: A Space Odyssey (1968) ", "2001: A Space Odyssey", 1968),
        ("1984", "1984", None),
        ("Babylon 5", "Babylon 5", None),
        ("Nothing (9999)", "Nothing (9999)", None),
        (" ", "", None),
        ("(1995)", "", 1995),
    ],
)
def test_title_and_year_come_apart_and_articles_to_the_front(written: str, title: str, year: int | None) -> None:
    assert split_title(written) == (title, year)


@given(st.text(alphabet=st.characters(exclude_characters="(),", categories=("L", "N", "Zs"))), st.integers(1870, 2200))
def test_a_year_in_brackets_is_always_found(title: str, year: int) -> None:
    assert split_title(f"{title} ({year})") == (title.strip(), year)
