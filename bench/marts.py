"""A full build of the marts against a run that adds changes, on made-up ratings."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.made_up_history import RAW, Dbt, databases, fill, scale
from dataflix.clickhouse_client import ClickHouseUser, clickhouse
from dataflix.settings import Settings

_CHANGES_EACH = 20  # of a person who is at it when the changes are made
_ACTIVE = "cityHash64(number % {active:UInt64}, 4) % {people:UInt64} + 1"
# Six in ten are new ratings, three are changed ones, one is taken back; all of them by the people who are at it
_CHANGES = (
    f"""
    insert into {RAW}.ratings (rating_id, user_id, movie_id, rating, rated_at, _version, _op, _committed_at)
    select
        {{rows:UInt64}} + number + 1, {_ACTIVE}, cityHash64(number, 5) % {{movies:UInt64}} + 1, 4, now64(6),
        {{rows:UInt64}} + number, 'c', now64(6)
    from numbers({{changes:UInt64}} * 6 / 10)
    """,  # noqa: S608
    f"""
    insert into {RAW}.ratings (rating_id, user_id, movie_id, rating, rated_at, _version, _deleted, _op, _committed_at)
    with rowNumberInAllBlocks() % 4 = 0 as gone
    select
        rating_id, if(gone, 0, user_id), if(gone, 0, movie_id), if(gone, 0, 2), now64(6),
        {{rows:UInt64}} * 2, gone, if(gone, 'd', 'u'), now64(6)
    from {RAW}.ratings
    where rating_id <= {{rows:UInt64}} and user_id in (select {_ACTIVE} from numbers({{active:UInt64}}))
    order by cityHash64(rating_id, 6)
    limit {{changed:UInt64}}
    """,  # noqa: S608
)


def marts(settings: Settings, rows: int, changes: int) -> dict[str, Any]:
    """Seconds that dbt takes for the same tables both times, the memory of the hungriest query, and ClickHouse's part.

    ``ratio`` compares the run times, ``clickhouse_ratio`` the processor time of the queries, which a busy machine does
    not stretch. Raises DataflixError when dbt fails.
    """
    size = scale(rows)
    of_changes = {
        **size,
        "changes": changes,
        "changed": changes * 4 // 10,
        "active": max(1, min(size["people"], changes // _CHANGES_EACH)),
    }
    with clickhouse(settings, ClickHouseUser.ADMIN) as client, databases(client), TemporaryDirectory() as folder:
        dbt = Dbt(settings, client, Path(folder))
        dbt.run()  # the views, and tables without rows
        fill(client, size)
        full = dbt.run("--full-refresh", "--select", "config.materialized:table", "config.materialized:incremental")
        for statement in _CHANGES:
            client.command(statement, of_changes)
        added = dbt.run("--select", "config.materialized:table", "config.materialized:incremental")
    return {
        "rows": rows,
        "changes": changes,
        "full_s": full["seconds"],
        "incremental_s": added["seconds"],
        "ratio": round(full["seconds"] / added["seconds"], 1),
        "peak_memory_mb": max(full["memory_mb"], added["memory_mb"]),
        "full_clickhouse_cpu_s": full["cpu_s"],
        "incremental_clickhouse_cpu_s": added["cpu_s"],
        "clickhouse_ratio": round(full["cpu_s"] / added["cpu_s"], 1),
    }
