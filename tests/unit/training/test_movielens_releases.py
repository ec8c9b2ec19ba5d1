"""Each release of MovieLens has its own form, and all of them are read as the same thing."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pytest
from movielens_folder import (
    DAT_MOVIES,
    DAT_RATINGS,
    OLDEST_MOVIES,
    OLDEST_RATINGS,
    write_dat,
    write_movielens,
    write_oldest,
)

from training.errors import UnreadableDataSet
from training.movielens.data_set import Movie
from training.movielens.files import read_data_set

WRITERS: dict[str, Callable[[Path], Path]] = {
    "ml-1m": write_dat,
    "ml-10m": partial(write_dat, encoding="utf-8"),
    "ml-100k": write_oldest,
}


@pytest.mark.parametrize("release", WRITERS)
def test_older_releases_are_read_whole(tmp_path: Path, release: str) -> None:
    data_set = read_data_set(WRITERS[release](tmp_path / release))

    assert data_set.name == release
    assert data_set.movies == [
        Movie(1, "Toy Story", "Adventure|Animation", 1995),
        Movie(2, "The Matrix", "Action", 1999),
        Movie(5, "Léon", "Crime|Drama", 1994),
    ]
    assert data_set.ratings.user_ids.tolist() == [1, 1, 7]
    assert data_set.ratings.movie_ids.tolist() == [1, 5, 2]
    assert data_set.ratings.stars.tolist() == [4.0, 1.0, 5.0]
    assert data_set.ratings.seconds.tolist() == [964982703, 964981247, 1000000000]


def test_halves_are_read_where_a_release_has_them(tmp_path: Path) -> None:
    folder = write_dat(tmp_path, ratings=["1::1::3.5::964982703"], encoding="utf-8")

    assert read_data_set(folder).ratings.stars.tolist() == [3.5]


def test_a_movie_without_a_known_genre_has_none(tmp_path: Path) -> None:
    flags = "|".join(["1", *"0" * 18])

    folder = write_oldest(tmp_path, movies=[f"267|unknown||||{flags}"], ratings=[])

    assert read_data_set(folder).movies == [Movie(267, "unknown", None, None)]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("2::2::6::964982703", "rating is not"),
        ("2::3::4::964982703", r"the movie 3 is not in movies\.dat"),
        ("2::2::4", "there are 3 fields and not 4"),
        ("2,2,4,964982703", "there are 1 fields and not 4"),
        ("1::1::4::964982703", "the person 1 rates the movie 1 a second time"),
        ("\u00b2::2::4::964982703", "userId is not"),
    ],
)
def test_a_bad_rating_of_ml_1m_is_refused_with_its_line(tmp_path: Path, line: str, reason: str) -> None:
    with pytest.raises(UnreadableDataSet, match=rf"ratings\.dat, line 4: {reason}"):
        read_data_set(write_dat(tmp_path, ratings=[*DAT_RATINGS, line]))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("2\t2\tgood\t964982703", "rating is not"),
        ("2 2 4 964982703", "there are 1 fields and not 4"),
        ("", "there are 1 fields and not 4"),
    ],
)
def test_a_bad_rating_of_ml_100k_is_refused_with_its_line(tmp_path: Path, line: str, reason: str) -> None:
    with pytest.raises(UnreadableDataSet, match=rf"u\.data, line 4: {reason}"):
        read_data_set(write_oldest(tmp_path, ratings=[*OLDEST_RATINGS, line]))


@pytest.mark.parametrize(
    ("write", "movies", "reason"),
    [
        (write_dat, [*DAT_MOVIES, "6::Heat (1995)"], r"movies\.dat, line 4: there are 2 fields and not 3"),
        (write_oldest, [*OLDEST_MOVIES, "6|Heat (1995)|Crime"], r"u\.item, line 4: there are 3 fields and not 24"),
        (
            write_oldest,
            [*OLDEST_MOVIES, f"6|Heat (1995)|||{'|2' * 19}"],
            r"u\.item, line 4: a genre is marked by neither 0 nor 1",
        ),
    ],
)
def test_a_bad_movie_is_refused_with_its_line(
    tmp_path: Path, write: Callable[..., Path], movies: Sequence[str], reason: str
) -> None:
    with pytest.raises(UnreadableDataSet, match=reason):
        read_data_set(write(tmp_path, movies=movies))


def test_a_folder_of_something_else_is_told_what_is_looked_for(tmp_path: Path) -> None:
    (tmp_path / "links.csv").touch()

    with pytest.raises(UnreadableDataSet, match=r"not a folder of MovieLens, which holds movies\.csv and .*ml-100k"):
        read_data_set(tmp_path)


def test_a_folder_of_two_releases_is_refused(tmp_path: Path) -> None:
    write_movielens(tmp_path)
    write_oldest(tmp_path)

    with pytest.raises(UnreadableDataSet, match="a folder of its own"):
        read_data_set(tmp_path)


@pytest.mark.parametrize(("write", "missing"), [(write_dat, "ratings.dat"), (write_oldest, "u.item")])
def test_a_missing_file_is_named(tmp_path: Path, write: Callable[[Path], Path], missing: str) -> None:
    (write(tmp_path) / missing).unlink()

    with pytest.raises(UnreadableDataSet, match=rf"There is no file .*{missing}"):
        read_data_set(tmp_path)
