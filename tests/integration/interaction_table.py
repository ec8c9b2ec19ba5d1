"""The matrix that dbt would build, filled by hand."""

from collections.abc import Callable, Sequence

from clickhouse_connect.driver.client import Client

from training.clickhouse_source import TABLE

PEOPLE, MOVIES = 20, 15
TWO_TASTES = [
    (person, movie, 3.5)
    for person in range(1, PEOPLE + 1)
    for movie in range(1, MOVIES + 1)
    if person % 2 == movie % 2 and (person + movie) % 7
]

Fill = Callable[[Sequence[tuple[int, int, float]]], None]


def filler(admin: Client) -> Fill:
    """A function that puts a matrix in place of the one that is there."""

    def fill(cells: Sequence[tuple[int, int, float]]) -> None:
        admin.command(
            f"CREATE OR REPLACE TABLE {TABLE} (user_id Int64, movie_id Int64, interaction_score Float64, "
            "rating Nullable(Float64), last_event_at DateTime64(6, 'UTC')) "
            "ENGINE = MergeTree ORDER BY (user_id, movie_id)"
        )
        if cells:
            rows = [(user, movie, score, score / 0.7) for user, movie, score in cells]
            admin.insert(TABLE, rows, column_names=["user_id", "movie_id", "interaction_score", "rating"])

    return fill
