"""The interactions as dbt serves them in ClickHouse, read in Arrow blocks."""

from collections.abc import Iterator

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

from dataflix.clickhouse_client import ClickHouseUser, refusal
from dataflix.errors import SourceUnavailable
from dataflix.settings import Settings
from training.interaction_log import Block

TABLE = "analytics.user_movie_matrix"
TITLES = "analytics.movies"
UNKNOWN_TABLE = {60, 81}  # ClickHouse's codes for a table and for a database that do not exist

_QUERY = f"""
SELECT
    toInt64(user_id) AS user_id,
    toInt64(movie_id) AS movie_id,
    toFloat64(interaction_score) AS interaction_score,
    ifNull(toFloat64(rating), nan) AS stars,
    toUnixTimestamp64Micro(toDateTime64(last_event_at, 6, 'UTC')) AS moment
FROM {TABLE}
"""  # noqa: S608


def read_interactions(client: Client, settings: Settings) -> Iterator[Block]:
    """Every interaction of the matrix, block by block.

    Raises SourceUnavailable when ClickHouse does not answer or has no such table.
    """
    try:
        with client.query_arrow_stream(_QUERY) as blocks:
            for block in blocks:
                yield Block(
                    block.column("user_id").to_numpy(),
                    block.column("movie_id").to_numpy(),
                    block.column("interaction_score").to_numpy(),
                    block.column("stars").to_numpy(),
                    block.column("moment").to_numpy(),
                )
    except DatabaseError as error:
        if error.code in UNKNOWN_TABLE:
            raise SourceUnavailable(
                f"ClickHouse at {settings.clickhouse} has no table {TABLE}: run `bin/dataflix dbt build` first."
            ) from None
        raise refusal(settings, ClickHouseUser.TRAINING, error) from None


def read_titles(client: Client, settings: Settings) -> dict[int, str]:
    """The movies' titles by id; none where dbt has not built them yet. Raises SourceUnavailable."""
    try:
        rows = client.query(f"SELECT movie_id, title FROM {TITLES}").result_rows  # noqa: S608
    except DatabaseError as error:
        if error.code in UNKNOWN_TABLE:
            return {}
        raise refusal(settings, ClickHouseUser.TRAINING, error) from None
    return {int(movie_id): str(title) for movie_id, title in rows}
