"""Movies by what somebody types."""

import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from memory_api import MOVIES, MemoryApi

from cli.answers import Movie
from cli.api import MovieQuery
from cli.catalogue import Catalogue, PageFile
from cli.errors import BadCommand
from cli.titles import Titles
from cli.words import distance, nearest, words

TITLES = Titles([*MOVIES, Movie(6, "WALL·E", None, 2008), Movie(7, "Interstellar", None, 2014)])


@pytest.mark.parametrize(
    ("typed", "title"),
    [
        ("heat", "Heat"),
        ("matrix", "The Matrix"),
        ("the mat", "The Matrix"),
        ("amelie", "Amélie"),
        ("walle", "WALL·E"),
        ("matrix 1999", "The Matrix"),
        ("matirx", "The Matrix"),
        ("intersteler", "Interstellar"),
        ("千と", "千と千尋の神隠し"),
        ("dust heat", "Heat and Dust"),
    ],
)
def test_what_is_likely_meant_comes_first(typed: str, title: str) -> None:
    assert TITLES.find(typed)[0].title == title


def test_nothing_is_like_it() -> None:
    assert TITLES.find("qqqqqqqq") == []
    assert TITLES.find("") == []


@given(st.lists(st.text(string.ascii_lowercase + " é", min_size=1, max_size=12), min_size=1, max_size=20))
def test_every_title_is_found_by_itself(titles: list[str]) -> None:
    movies = [Movie(number, title) for number, title in enumerate(titles) if words(title)]
    index = Titles(movies)
    for movie in movies:
        assert movie in index.exact(movie.title) or len(index.exact(movie.title)) == 50


@given(st.text("abc", max_size=6), st.text("abc", max_size=6))
def test_the_way_there_is_the_way_back(one: str, other: str) -> None:
    assert distance(one, other, 3) == distance(other, one, 3)
    assert (distance(one, other, 3) == 0) == (one == other)


def test_the_nearest_word() -> None:
    assert nearest("recomend", ["rate", "recommend"]) == "recommend"
    assert nearest("reco", ["rate", "recommend"]) == "recommend"
    assert nearest("xyz", ["rate", "recommend"]) is None


async def test_the_catalogue_is_fetched_once_and_asked_again_with_its_tag(tmp_path: Path) -> None:
    api = MemoryApi()
    file = tmp_path / "movies.json"
    kept = PageFile(file)
    first = await Catalogue(api, kept).load()
    again = await Catalogue(api, kept).load()
    assert dict(first.movies) == dict(again.movies) == api.catalogue
    file.write_text("no json")
    assert dict((await Catalogue(api, kept).load()).movies) == api.catalogue


async def test_browsing_takes_all_that_is_said() -> None:
    catalogue = Catalogue(MemoryApi())
    await catalogue.load()
    found = await catalogue.browse("heat", MovieQuery(genre="drama", year=1983), 10)
    assert [movie.title for movie in found] == ["Heat and Dust"]
    assert [movie.title for movie in await catalogue.browse("", MovieQuery(director="wachow"), 10)] == ["The Matrix"]


async def test_a_movie_that_changed_is_found_under_its_new_name() -> None:
    catalogue = Catalogue(MemoryApi())
    await catalogue.load()
    catalogue.take({"movie_id": 1, "title": "Cold", "imdb_rating": "8.3"}, deleted=False)
    catalogue.take({"movie_id": 5}, deleted=True)
    assert [movie.title for movie in await catalogue.named("cold")] == ["Cold"]
    with pytest.raises(BadCommand, match="anything like"):
        await catalogue.named("dust")
