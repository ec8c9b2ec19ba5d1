"""Files of MovieLens are read whole, or refused with file and line."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from movielens_folder import MOVIE_LINES, RATING_LINES, write_movielens

from dataflix.settings import PROJECT
from training.errors import UnreadableDataSet
from training.movielens.data_set import Movie
from training.movielens.files import read_data_set

REAL = PROJECT.parent / "shared" / "data" / "ml-latest-small"


def test_movies_and_ratings_are_read(tmp_path: Path) -> None:
    data_set = read_data_set(write_movielens(tmp_path / "ml-tiny"))

    assert data_set.name == "ml-tiny"
    assert data_set.movies == [
        Movie(1, "Toy Story", "Adventure|Animation", 1995),
        Movie(2, "The Matrix", "Action", 1999),
        Movie(5, "Paterson", None, None),
    ]
    assert data_set.ratings.user_ids.tolist() == [1, 1, 7]
    assert data_set.ratings.movie_ids.tolist() == [1, 5, 2]
    assert data_set.ratings.stars.tolist() == [4.0, 0.5, 5.0]
    assert data_set.ratings.seconds.tolist() == [964982703, 964981247, 1000000000]


def test_a_data_set_without_ratings_is_read(tmp_path: Path) -> None:
    assert len(read_data_set(write_movielens(tmp_path, ratings=[])).ratings) == 0


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("1,2,4.3,964982703", "rating is not"),
        ("1,2,0.0,964982703", "rating is not"),
        ("1,2,5.5,964982703", "rating is not"),
        ("1,2,nan,964982703", "rating is not"),
        ("1,2,good,964982703", "rating is not"),
        ("0,2,4.0,964982703", "userId is not"),
        ("one,2,4.0,964982703", "userId is not"),
        ("99999999999999999999999,2,4.0,964982703", "userId is not"),
        ("1,-2,4.0,964982703", "movieId is not"),
        ("1,3,4.0,964982703", r"the movie 3 is not in movies\.csv"),
        ("1,2,4.0,yesterday", "timestamp is not"),
        ("1,2,4.0,99999999999", "timestamp is not"),
        ("1,2,4.0", "there are 3 fields and not 4"),
        ("", "there are 0 fields and not 4"),
        ("1,2,4.0,964982703,more", "there are 5 fields and not 4"),
        ('1,"2"x,4.0,964982703', "it is not CSV"),
        ("1,1,3.0,964982703", "the person 1 rates the movie 1 a second time"),
    ],
)
def test_a_bad_rating_is_refused_with_its_line(tmp_path: Path, line: str, reason: str) -> None:
    folder = write_movielens(tmp_path, ratings=[*RATING_LINES, line])

    with pytest.raises(UnreadableDataSet, match=rf"ratings\.csv, line 5: {reason}"):
        read_data_set(folder)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("x,Heat (1995),Crime", "movieId is not"),
        ("6, (1995),Crime", "the title is empty"),
        ("1,Heat (1995),Crime", "the movie 1 is listed a second time"),
        ("6,Heat (1995)", "there are 2 fields and not 3"),
    ],
)
def test_a_bad_movie_is_refused_with_its_line(tmp_path: Path, line: str, reason: str) -> None:
    with pytest.raises(UnreadableDataSet, match=rf"movies\.csv, line 5: {reason}"):
        read_data_set(write_movielens(tmp_path, movies=[*MOVIE_LINES, line]))


def test_the_line_is_right_after_a_title_with_a_line_break(tmp_path: Path) -> None:
    movies: Sequence[str] = ['1,"Two\nlines (1995)",Drama', "x,Heat (1995),Crime"]

    with pytest.raises(UnreadableDataSet, match=r"movies\.csv, line 4: movieId"):
        read_data_set(write_movielens(tmp_path, movies=movies))


def test_bytes_that_are_no_text_are_refused_with_their_line(tmp_path: Path) -> None:
    folder = write_movielens(tmp_path)
    with (folder / "ratings.csv").open("ab") as file:
        file.write(b"1,2,\xff,964982703\n")

    with pytest.raises(UnreadableDataSet, match=r"ratings\.csv, line 5: it is not text in UTF-8"):
        read_data_set(folder)


def test_another_header_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableDataSet, match=r"ratings\.csv, line 1: the header is not userId,movieId"):
        read_data_set(write_movielens(tmp_path, ratings_header="user,item,rating,time"))


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    folder = write_movielens(tmp_path)
    (folder / "movies.csv").write_bytes(b"")

    with pytest.raises(UnreadableDataSet, match=r"movies\.csv, line 1: the header is not"):
        read_data_set(folder)


def test_a_missing_folder_or_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableDataSet, match=r"There is no folder .*nowhere"):
        read_data_set(tmp_path / "nowhere")
    (write_movielens(tmp_path) / "ratings.csv").unlink()
    with pytest.raises(UnreadableDataSet, match=r"There is no file .*ratings\.csv"):
        read_data_set(tmp_path)


@pytest.mark.skipif(not REAL.is_dir(), reason="the real MovieLens files are not beside the project")
def test_the_real_files_are_read_whole() -> None:
    data_set = read_data_set(REAL)

    assert (len(data_set.movies), len(data_set.ratings)) == (9_742, 100_836)
    assert len(set(data_set.ratings.user_ids.tolist())) == 610
    assert sum(movie.release_year is None for movie in data_set.movies) == 12
