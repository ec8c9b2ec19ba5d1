"""The marts that dbt builds on a real server out of a handful of raw rows."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from clickhouse_connect.driver.client import Client
from dbt_runs import MARTS, Dbt, at, moment, shown, stream, truncate
from own_stack import Stack

from dataflix import metrics
from dataflix.clickhouse_client import ClickHouseUser, open_clickhouse
from dataflix.pipeline_history import READING_COLUMNS, READINGS
from dataflix.recommender import WATCHED_ONLY_SCORE
from dataflix.settings import Settings


@pytest.fixture
def raw(stack: Stack, clickhouse: Settings) -> Iterator[Client]:
    """Empty raw tables."""
    stack.run("clickhouse", "apply")
    client = open_clickhouse(clickhouse, ClickHouseUser.ADMIN)
    truncate(client)
    yield client
    truncate(client)
    client.close()


@pytest.fixture(scope="module")
def dbt(clickhouse: Settings, tmp_path_factory: pytest.TempPathFactory) -> Dbt:
    return Dbt(clickhouse, tmp_path_factory.mktemp("dbt"))


def test_empty_raw_tables_make_empty_marts(raw: Client, dbt: Dbt) -> None:
    dbt.build("--full-refresh")
    for mart in MARTS:
        assert raw.query("select count() from analytics.{mart:Identifier}", {"mart": mart}).result_rows == [(0,)]


def test_marts_hold_the_newest_rows_scored_and_counted(raw: Client, dbt: Dbt) -> None:
    ada, bob = ({"email": "hash", "username": "hash", "created_at": at(1), "updated_at": at(1)} for _ in range(2))
    stream(
        raw,
        "users",
        {"user_id": 1, **ada, "city": "Paris", "age": 36},
        {"user_id": 1, **ada, "city": "London", "age": 36},
        {"user_id": 2, **bob},
        {"user_id": 3, **bob},
        {"user_id": 3, "_deleted": 1},
    )
    stream(
        raw,
        "movies",
        {"movie_id": 10, "title": "Alien", "genre": "Horror|Sci-Fi", "imdb_rating": "8.5", "created_at": at(1)},
        {"movie_id": 11, "title": "Heat", "created_at": at(1)},
        {"movie_id": 12, "title": "Gone", "created_at": at(1)},
        {"movie_id": 12, "_deleted": 1},
    )
    stream(
        raw,
        "ratings",
        {"rating_id": 1, "user_id": 1, "movie_id": 10, "rating": "2.0", "liked": False, "rated_at": at(2)},
        {"rating_id": 1, "user_id": 1, "movie_id": 10, "rating": "4.5", "liked": True, "rated_at": at(4)},
        {"rating_id": 2, "user_id": 2, "movie_id": 10, "rating": "3.5", "liked": None, "rated_at": at(3)},
        {"rating_id": 3, "user_id": 2, "movie_id": 11, "rating": "5.0", "liked": True, "rated_at": at(3)},
        {"rating_id": 3, "_deleted": 1},
        # its person is gone: the deletion of the rating is still on its way
        {"rating_id": 4, "user_id": 3, "movie_id": 11, "rating": "1.0", "liked": False, "rated_at": at(5)},
    )
    stream(
        raw,
        "watched_movies",
        {"watched_id": 1, "user_id": 1, "movie_id": 10, "watched_at": at(3)},
        {"watched_id": 2, "user_id": 1, "movie_id": 11, "watched_at": at(6)},
        {"watched_id": 3, "user_id": 2, "movie_id": 11, "watched_at": at(6)},
        {"watched_id": 3, "_deleted": 1},
    )

    ended = dbt.build()

    (warned,) = (name for name, status in ended.items() if status == "warn")
    assert warned.startswith("relationships_stg_ratings_user_id")  # the rating without a person
    assert raw.query("select * from analytics.user_movie_matrix order by user_id, movie_id").result_rows == [
        (1, 10, Decimal("4.5"), True, True, 3.45, moment(4), moment(3), moment(4)),
        (1, 11, None, None, True, WATCHED_ONLY_SCORE, None, moment(6), moment(6)),
        (2, 10, Decimal("3.5"), None, False, 2.45, moment(3), None, moment(3)),
        (3, 11, Decimal("1.0"), False, False, 0.7, moment(5), None, moment(5)),
    ]
    assert raw.query(
        "select user_id, city, age, ratings, mean_rating, likes, watched, last_event_at "
        "from analytics.users order by all"
    ).result_rows == [
        (1, "London", 36, 1, 4.5, 1, 2, moment(6)),
        (2, None, None, 1, 3.5, 0, 0, moment(3)),
    ]
    assert raw.query("select movie_id, title, genres, imdb_rating from analytics.movies order by all").result_rows == [
        (10, "Alien", ["Horror", "Sci-Fi"], Decimal("8.5")),
        (11, "Heat", [], None),
    ]
    assert raw.query(
        "select movie_id, users, ratings, mean_rating, likes, dislikes, watched, last_event_at "
        "from analytics.ratings_aggregated order by all"
    ).result_rows == [
        (10, 2, 2, 4.0, 1, 0, 1, moment(4)),
        (11, 2, 1, 1.0, 0, 1, 1, moment(6)),
    ]


def test_what_fails_a_test_is_not_published(raw: Client, dbt: Dbt) -> None:
    stream(raw, "movies", {"movie_id": 10, "title": "Alien", "created_at": at(1)})
    stream(raw, "users", {"user_id": 1, "email": "hash", "username": "hash", "created_at": at(1), "updated_at": at(1)})
    dbt.run("--full-refresh")
    before = shown(raw)
    rating = {"rating_id": 1, "user_id": 1, "movie_id": 10, "rating": "9.0", "rated_at": at(3)}
    stream(raw, "ratings", rating)

    # a bad row may also arrive between the tests of staging and the marts
    stopped = dbt.try_("build", "--select", "int_user_movie_affected+")

    failed = {name for name, status in stopped.items() if status == "fail"}
    assert any(name.startswith("accepted_values_int_user_movie_changes_rating") for name in failed)
    skipped = {name for name, status in stopped.items() if status == "skipped"}
    assert skipped >= {
        "int_user_movie_cells",
        "int_user_movie_batches",
        "int_user_movie_totals",
        "mart_ratings_aggregated",
        "mart_users",
    }
    assert shown(raw) == before

    stream(raw, "ratings", rating, rating | {"rating": "3.0"})
    dbt.run()
    assert raw.query("select rating from analytics.user_movie_matrix").result_rows == [(Decimal("3.0"),)]
    assert raw.query("select ratings from analytics.users").result_rows == [(1,)]


@pytest.mark.parametrize(
    ("ago", "waiting", "beat", "told"),
    [
        pytest.param(0, 0, 5, "pass", id="known to hold all"),
        pytest.param(600, 0, 5, "warn", id="nobody watches"),
        pytest.param(0, 600, 5, "warn", id="the worker is behind"),
        pytest.param(0, 0, 600, "warn", id="the connector hangs"),
        pytest.param(0, 1_000, 1_000, "error", id="long ago"),
        pytest.param(0, 0, None, "error", id="the source does not answer"),
    ],
)
def test_what_is_fresh_is_known_of_a_quiet_source_too(
    raw: Client, dbt: Dbt, ago: int, waiting: int, beat: int | None, told: str
) -> None:
    at = datetime.now(UTC) - timedelta(seconds=ago)
    rows: list[tuple[datetime, str, str, float]] = [
        *((at, metrics.WATCHER_WORKER_LAG_SECONDS.name, table, 0) for table in ("users", "movies", "watched_movies")),
        (at, metrics.WATCHER_WORKER_LAG_SECONDS.name, "ratings", waiting),
    ]
    if beat is not None:
        rows.append((at, metrics.WATCHER_HEARTBEAT_AGE_SECONDS.name, "", beat))
    raw.command(f"truncate table {READINGS}")
    try:
        raw.insert(READINGS, rows, column_names=READING_COLUMNS)
        found = dbt.freshness()
    finally:
        raw.command(f"truncate table {READINGS}")

    assert found["ratings"] == told
    if not ago and beat == 5:
        assert found["movies"] == "pass"
