"""What is like a movie, what is popular, and what goes with a few ratings of somebody without an account."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from serving import Api, Client, a_champion, a_listed_movie, a_rating, a_viewing, an_api

from api.champion import ChampionWatch
from api.changes import CatalogueMovie, MovieChange
from api.explorer import Explorer
from api.resources.recommendations import AnonymousRating
from dataflix.model_registry import ChampionModel

MOVIES = 20


def a_catalogue() -> Api:
    """Twenty movies, every fourth of them a comedy, the later ones more popular, under a model of two tastes."""
    api = an_api(movies=MOVIES)
    api.champion = a_champion(movies=MOVIES)
    for number in range(1, MOVIES + 1):
        if number % 4 == 0:
            api.stream(MovieChange(number, 2**60 + number, CatalogueMovie(f"Movie {number}", 1979, "Drama|Comedy")))
        api.stream(*(a_rating(100 * number + person, user=1000 + person, movie=number) for person in range(number)))
    return api


def an_explorer(api: Api) -> Explorer:
    async def fetch(held: ChampionModel | None) -> ChampionModel | None:
        return held

    watch = ChampionWatch(fetch)
    watch.current = api.champion
    return Explorer(api.replica, watch)


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with a_catalogue().client() as client:
        yield client


async def listed(client: Client, path: str, **query: Any) -> list[int]:
    answer = await client.get(path, params=query)
    assert answer.status == 200
    body = await answer.json()
    return [one["movie_id"] for one in body.get("recommendations", body.get("items"))]


async def test_what_goes_with_a_movie_shares_its_taste_and_is_not_the_movie(client: Client) -> None:
    similar = await listed(client, "/movies/7/similar", limit=9)
    assert len(similar) == 9
    assert 7 not in similar
    assert all(movie % 2 == 1 for movie in similar)


async def test_of_a_movie_that_nobody_knows_nothing_is_similar(client: Client) -> None:
    assert (await client.get("/movies/99/similar")).status == 404


async def test_what_most_people_chose_comes_first(client: Client) -> None:
    assert await listed(client, "/popular", limit=3) == [20, 19, 18]
    assert await listed(client, "/popular", limit=3, genre="comedy") == [20, 16, 12]
    assert await listed(client, "/popular", genre="Western") == []


async def test_popular_movies_say_how_many_people_chose_them_and_are_revalidated(client: Client) -> None:
    answer = await client.get("/popular", params={"limit": 1})
    assert (await answer.json())["items"][0]["people"] == 20
    again = await client.get("/popular", params={"limit": 1}, headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status == 304


async def test_a_few_ratings_are_enough_for_recommendations(client: Client) -> None:
    body = {"ratings": [{"movie_id": 1, "rating": 5.0}, {"movie_id": 3, "rating": 4.5, "liked": True}]}
    answer = await client.post("/recommendations", json=body, params={"limit": 4})
    told = await answer.json()
    movies = [one["movie_id"] for one in told["recommendations"]]
    assert (answer.status, told["source"], told["history"]) == (200, "model", 2)
    assert len(movies) == 4
    assert {1, 3}.isdisjoint(movies)
    assert all(movie % 2 == 1 for movie in movies)


@pytest.mark.parametrize(
    "body",
    [{}, {"ratings": []}, {"ratings": [{"movie_id": 1}]}, {"ratings": [{"movie_id": 1, "rating": 9}]}, {"user_id": 1}],
)
async def test_ratings_that_are_none_are_refused(client: Client, body: dict[str, Any]) -> None:
    assert (await client.post("/recommendations", json=body)).status == 422


async def test_recommendations_are_narrowed_to_a_genre_and_leave_movies_out(client: Client) -> None:
    assert set(await listed(client, "/recommendations/1", genre="Comedy", limit=50)) == {4, 8, 12, 16, 20}
    every = await listed(client, "/recommendations/1", limit=10)
    left = await listed(client, "/recommendations/1", limit=8, exclude=f"{every[0]},{every[3]}")
    assert left == [movie for movie in every if movie not in {every[0], every[3]}]


@pytest.mark.parametrize("exclude", ["x", "1,", "-1", "1;2"])
async def test_what_is_left_out_is_a_list_of_numbers(client: Client, exclude: str) -> None:
    answer = await client.get("/recommendations/1", params={"exclude": exclude})
    assert answer.status == 422
    assert (await answer.json())["errors"][0]["parameter"] == "exclude"


@given(
    ratings=st.lists(
        st.builds(
            AnonymousRating,
            movie_id=st.integers(1, MOVIES + 3),
            rating=st.sampled_from([0.5, 2.0, 3.5, 5.0]),
        ),
        min_size=1,
        max_size=12,
    ),
    exclude=st.sets(st.integers(1, MOVIES)),
    limit=st.integers(1, MOVIES),
)
def test_no_list_holds_what_was_rated_or_left_out_and_a_shorter_one_is_its_beginning(
    ratings: list[AnonymousRating], exclude: set[int], limit: int
) -> None:
    explorer = an_explorer(a_catalogue())
    for genre in (None, "Comedy"):
        whole, part = (
            [one.movie_id for one in explorer.for_ratings(ratings, count, genre, exclude).recommendations]
            for count in (MOVIES, limit)
        )
        assert part == whole[:limit]
        assert {one.movie_id for one in ratings}.isdisjoint(whole)
        assert exclude.isdisjoint(whole)
        assert len(set(whole)) == len(whole)


def test_without_a_model_what_is_popular_is_recommended() -> None:
    api = an_api(movies=3)
    api.stream(a_listed_movie(4), a_rating(1, movie=2))
    answer = an_explorer(api).similar(1, 2)
    assert (answer.source, answer.model_version) == ("popularity", None)
    assert [one.movie_id for one in answer.recommendations] == [2, 3]


async def test_recommendations_say_which_movies_speak_for_them() -> None:
    api = an_api()
    api.champion = a_champion()
    for number, movie in enumerate((1, 2, 3, 5, 7)):
        api.stream(a_rating(number, movie=movie, at=number))
    async with api.client() as client:
        answer = await client.get("/recommendations/7", params={"explain": "true", "limit": 5})
        told = await answer.json()
        plain = await (await client.get("/recommendations/7", params={"limit": 5})).json()
    assert answer.status == 200
    bare = [{name: one[name] for name in plain["recommendations"][0]} for one in told["recommendations"]]
    assert told | {"recommendations": bare} == plain
    for one in told["recommendations"]:
        assert sum(one["parts"].values()) == pytest.approx(one["score"], abs=1e-4)
        strengths = [reason["contribution"] for reason in one["because"]]
        assert strengths == sorted(strengths, reverse=True)
        assert 1 <= len(strengths) <= 3
        for reason in one["because"]:
            assert reason["contribution"] == pytest.approx(reason["factors"] + reason["neighbours"])
            assert reason["contribution"] > 0
            assert reason["movie_id"] % 2 == one["movie_id"] % 2
            assert reason["title"] == f"Movie {reason['movie_id']}"


async def test_all_reasons_together_and_popularity_are_the_score() -> None:
    api = an_api()
    api.champion = a_champion()
    api.stream(a_rating(1, movie=2), a_rating(2, movie=4, at=1), a_viewing(1, movie=3, at=2))
    async with api.client() as client:
        told = await (await client.get("/recommendations/7", params={"explain": "true", "genre": "Drama"})).json()
    for one in told["recommendations"]:
        said = sum(reason["contribution"] for reason in one["because"]) + one["parts"]["popularity"]
        assert said == pytest.approx(one["score"], abs=1e-4)
    ratings = {reason["movie_id"]: reason["rating"] for one in told["recommendations"] for reason in one["because"]}
    assert ratings == {2: 4.0, 4: 4.0, 3: None}


async def test_what_is_listed_by_popularity_has_no_other_reason(client: Client) -> None:
    told = await (await client.get("/recommendations/1", params={"explain": "true", "limit": 1})).json()
    assert [(one["because"], one["parts"]) for one in told["recommendations"]] == [([], None)]
