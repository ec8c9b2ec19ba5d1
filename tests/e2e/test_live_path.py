"""A change committed in PostgreSQL reaches raw, the marts' source and the recommendations by itself."""

import json

import httpx
from running_stack import Stack, patiently

JOHN = 1


def test_a_rating_over_rest_reaches_raw_and_changes_the_list(stack: Stack) -> None:
    user = stack.sign_up()
    before = stack.recommended(user)
    stack.rate(user, before[0], 5.0, liked=True)
    for attempt in patiently():
        with attempt:
            after = stack.recommended(user)
            assert before[0] not in after
            assert stack.raw_rating(user, before[0]) == 5.0
    assert after != before


def test_who_waits_for_their_own_write_gets_a_list_that_counts_it(stack: Stack) -> None:
    user = stack.sign_up()
    movies = stack.recommended(user)[:3]
    with stack.listening(f"user_id={user}&types=recommendations,change") as events:
        answers = [
            stack.api.put(f"/ratings/{user}/{movies[0]}", json={"rating": 4.5}),
            stack.api.post("/watched", json={"user_id": user, "movie_id": movies[1]}),
            stack.api.delete(f"/ratings/{user}/{movies[0]}"),
        ]
        for answer, count in zip(answers, (None, None, 1), strict=True):
            token = answer.headers["Commit-Token"]
            listed = stack.api.get(f"/recommendations/{user}", params={"after": token}).json()
            assert listed["fresh"] is True
            assert count in (None, listed["history"])
        seen = {name for name, _ in zip(events, range(4), strict=False)}
    assert seen == {"recommendations", "change"}


def test_an_update_replaces_the_row_in_raw(stack: Stack) -> None:
    user = stack.sign_up()
    stack.rate(user, 1, 2.5)
    stack.rate(user, 1, 4.5)
    for attempt in patiently():
        with attempt:
            assert stack.raw_rating(user, 1) == 4.5


def test_a_delete_at_the_source_removes_the_row_and_brings_the_movie_back(stack: Stack) -> None:
    user = stack.sign_up()
    movie = stack.recommended(user)[0]
    stack.rate(user, movie, 1.0)
    for attempt in patiently():
        with attempt:
            assert movie not in stack.recommended(user, limit=100)
    with stack.source() as source:
        source.execute("delete from ratings where user_id = %s", [user])
    for attempt in patiently():
        with attempt:
            assert stack.raw_rating(user, movie) is None
            assert movie in stack.recommended(user, limit=100)


def test_a_watched_movie_is_not_recommended(stack: Stack) -> None:
    user = stack.sign_up()
    movie = stack.recommended(user)[0]
    assert stack.api.post("/watched", json={"user_id": user, "movie_id": movie}).status_code == 201
    for attempt in patiently():
        with attempt:
            assert movie not in stack.recommended(user, limit=100)


def test_people_with_different_tastes_get_different_lists(stack: Stack) -> None:
    """Two newcomers are told apart by the fold-in of what they just rated, without a training in between."""
    tastes = {"crime": (1, 2, 3), "animation": (12, 13, 14)}
    people = {taste: stack.sign_up() for taste in tastes}
    for taste, user in people.items():
        for movie in tastes[taste]:
            stack.rate(user, movie, 5.0, liked=True)

    rated = {movie for movies in tastes.values() for movie in movies}
    for attempt in patiently():
        with attempt:
            lists = {taste: stack.recommended(user, limit=100) for taste, user in people.items()}
            assert all(not set(movies) & set(lists[taste]) for taste, movies in tastes.items())
            crime, animation = ([movie for movie in shown if movie not in rated] for shown in lists.values())
            assert crime != animation


def test_a_champion_promoted_later_is_served_without_a_restart(stack: Stack) -> None:
    def served() -> str:
        return str(stack.api.get(f"/recommendations/{JOHN}").json()["model_version"])

    before = served()
    pids = {entry["name"]: entry["pid"] for entry in stack.status()["services"]}
    trained = json.loads(stack.must_run("train", "--json"))
    assert str(trained["version"]) != before
    for attempt in patiently():
        with attempt:
            assert served() == str(trained["version"])
    assert {entry["name"]: entry["pid"] for entry in stack.status()["services"]} == pids


def test_unknown_people_and_bad_input_are_problems_not_crashes(stack: Stack) -> None:
    missing = stack.api.get("/recommendations/987654321")
    assert missing.status_code == 404
    assert missing.headers["content-type"].startswith("application/problem+json")
    bad = stack.api.post("/ratings", json={"user_id": JOHN, "movie_id": 1, "rating": 4.2})
    assert 400 <= bad.status_code < 500
    assert bad.headers["content-type"].startswith("application/problem+json")


def test_the_marts_hold_what_dbt_makes_of_raw(stack: Stack) -> None:
    user = stack.sign_up()
    stack.rate(user, 2, 4.0, liked=True)
    for attempt in patiently():
        with attempt:
            assert stack.raw_rating(user, 2) == 4.0
    stack.must_run("dbt", "build")
    score = stack.clickhouse.query(
        "select toFloat64(interaction_score) from analytics.user_movie_matrix"
        " where user_id = {user:Int64} and movie_id = 2",
        parameters={"user": user},
    )
    assert score.result_rows == [(3.1,)]
    names = {row[0] for row in stack.clickhouse.query("show tables from analytics").result_rows}
    assert {"users", "movies", "user_movie_matrix", "ratings_aggregated"} <= names


def test_the_documentation_of_the_marts_shows_their_lineage(stack: Stack) -> None:
    stack.must_run("up", "--with", "docs")
    page = httpx.get(f"{stack.settings.docs.url}/index.html", timeout=30).text
    for model in ("model.dataflix.mart_user_movie_matrix", "model.dataflix.stg_ratings", "source.dataflix.raw.ratings"):
        assert model in page
