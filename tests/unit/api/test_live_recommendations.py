"""What is recommended, as the stream and the registry move on."""

from serving import PERSON, Client, a_champion, a_rating, a_viewing, an_api

from api.champion import ChampionWatch
from api.changes import MovieChange, RatingChange, UserChange
from api.live_recommender import LiveRecommender
from dataflix.model_registry import ChampionModel


async def no_registry(_held: ChampionModel | None) -> ChampionModel | None:
    return None


async def recommended(client: Client, user: int = 7, limit: int = 20) -> dict[str, object]:
    answer = await client.get(f"/recommendations/{user}", params={"limit": limit})
    assert answer.status == 200
    body: dict[str, object] = await answer.json()
    return body


def movies(body: dict[str, object]) -> list[int]:
    listed = body["recommendations"]
    assert isinstance(listed, list)
    return [entry["movie_id"] for entry in listed]


async def test_without_a_model_the_popular_movies_are_recommended() -> None:
    api = an_api()
    api.stream(a_rating(1, user=1, movie=5), a_viewing(1, user=2, movie=5), a_rating(2, user=3, movie=9))
    async with api.client() as client:
        body = await recommended(client, limit=3)
    assert (body["source"], body["model_version"], movies(body)) == ("popularity", None, [5, 9, 1])


async def test_without_a_history_the_popular_movies_are_recommended() -> None:
    api = an_api()
    api.champion = a_champion(version=4)
    api.stream(a_rating(1, user=1, movie=5))
    async with api.client() as client:
        body = await recommended(client)
    assert (body["source"], body["model_version"], body["history"], movies(body)[0]) == ("popularity", "4", 0, 5)


async def test_a_rating_counts_as_soon_as_it_came_through_the_stream() -> None:
    api = an_api()
    api.champion = a_champion()
    async with api.client() as client:
        api.stream(a_rating(1, movie=2, stars=5.0))
        body = await recommended(client, limit=5)
        assert (body["source"], body["history"], movies(body)) == ("model", 1, [4, 6, 8, 10, 12])
        api.stream(a_rating(2, movie=1, stars=5.0, at=1), RatingChange(1, 10**9, None))
        assert movies(await recommended(client, limit=5)) == [3, 5, 7, 9, 11]


async def test_rated_and_watched_movies_are_not_recommended() -> None:
    api = an_api()
    api.champion = a_champion()
    api.stream(a_rating(1, movie=2, stars=0.5), a_viewing(1, movie=3))
    async with api.client() as client:
        assert sorted(movies(await recommended(client))) == [1, *range(4, 21)]


async def test_a_deleted_movie_is_not_recommended() -> None:
    api = an_api()
    api.stream(MovieChange(4, 10**9, None))
    async with api.client() as client:
        assert 4 not in movies(await recommended(client))


async def test_who_signed_up_a_moment_ago_is_known_before_the_stream_brings_them() -> None:
    api = an_api(people=0)
    async with api.client() as client:
        assert (await client.get("/recommendations/1")).status == 404
        await client.post("/users", json=PERSON)
        assert (await client.get("/recommendations/1")).status == 200


async def test_who_was_deleted_is_unknown() -> None:
    api = an_api()
    api.stream(UserChange(7, 10**9, exists=False))
    async with api.client() as client:
        assert (await client.get("/recommendations/7")).status == 404


async def test_a_smaller_limit_gives_the_beginning_of_the_same_list() -> None:
    api = an_api()
    api.champion = a_champion()
    api.stream(a_rating(1, movie=2), a_rating(2, movie=5, stars=2.0, at=1))
    async with api.client() as client:
        whole = movies(await recommended(client))
        for limit in (1, 3, 10):
            assert movies(await recommended(client, limit=limit)) == whole[:limit]


async def test_an_answer_is_computed_anew_for_another_history_model_catalogue_or_limit() -> None:
    replica, watch = an_api().replica, ChampionWatch(no_registry)
    recommender = LiveRecommender(replica, watch)
    watch.current = a_champion(version=1)
    replica.apply(a_rating(1, movie=2))
    first = recommender.recommend(7, 5)
    assert recommender.recommend(7, 5) is first
    assert len(recommender.recommend(7, 3).recommendations) == 3
    replica.apply(a_rating(2, movie=4, at=1))
    assert 4 not in [one.movie_id for one in recommender.recommend(7, 5).recommendations]
    replica.apply(MovieChange(6, 10**9, None))
    assert 6 not in [one.movie_id for one in recommender.recommend(7, 5).recommendations]
    watch.current = a_champion(version=2)
    assert recommender.recommend(7, 5).model_version == "2"


def test_what_is_kept_as_json_says_what_is_recommended() -> None:
    replica, watch = an_api().replica, ChampionWatch(no_registry)
    recommender = LiveRecommender(replica, watch)
    for change in (None, a_rating(1, movie=2), a_rating(2, movie=4, at=1)):
        if change is not None:
            replica.apply(change)
        for champion in (None, a_champion(version=1), a_champion(version=2)):
            watch.current = champion
            for _ in range(2):
                assert recommender.rendered(7, 5) == recommender.recommend(7, 5).model_dump_json().encode()


async def test_popularity_follows_what_others_do() -> None:
    api = an_api()
    api.champion = a_champion()
    async with api.client() as client:
        before = movies(await recommended(client))
        api.stream(a_rating(1, user=1, movie=20))
        assert before[0] != movies(await recommended(client))[0] == 20
