"""The tables that all tests share, at both ends of the stream."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
from clickhouse_connect.driver.client import Client
from own_stack import Stack
from running_worker import Worker, running

from dataflix.clickhouse_client import ClickHouseUser, open_clickhouse
from dataflix.settings import Settings

Source = psycopg.Connection[tuple[Any, ...]]


@contextmanager
def live_tables(stack: Stack, settings: Settings, log: Path) -> Iterator[tuple[Source, Client]]:
    """Source and raw as administrators reach them, with a worker between them that writes to ``log``."""
    stack.run("clickhouse", "apply")
    worker = Worker(stack, log)
    conninfo = settings.postgres_conninfo("dataflix_admin", settings.postgres_admin_password)
    with (
        running([worker]),
        psycopg.connect(conninfo, autocommit=True) as source,
        closing(open_clickhouse(settings, ClickHouseUser.ADMIN)) as raw,
    ):
        worker.wait_until_healthy()
        yield source, raw
