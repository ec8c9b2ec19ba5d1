"""What each role of PostgreSQL and each user of ClickHouse may do, and above all what it must not, on real servers."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from clickhouse_connect.driver.exceptions import DatabaseError
from privileges import CLICKHOUSE, NOBODY_IN_CLICKHOUSE, NOBODY_IN_POSTGRES, POSTGRES, SOURCE
from pydantic import SecretStr

from clickhouse import catalog
from clickhouse.raw_tables import RawTable
from connectors.roles import databases, roles
from dataflix.clickhouse_client import ClickHouseUser, clickhouse
from dataflix.contracts import Table
from dataflix.settings import Settings

READ_ONLY, ACCESS_DENIED = 164, 497  # ClickHouse's codes
CUPBOARDS = {
    "table": "cupboards",
    "description": "Somebody's cupboards.",
    "key": ["id"],
    "columns": {
        "id": {"type": "bigint", "description": "Number"},
        "name": {"type": "text", "description": "Name"},
    },
}


def session(settings: Settings, role: str, database: str, options: str = "") -> psycopg.Connection[Any]:
    password: SecretStr = getattr(settings, role.replace("dataflix", "postgres") + "_password")
    return psycopg.connect(f"{settings.postgres_conninfo(role, password, database)} {options}")


@pytest.fixture(scope="module")
def cupboards(request: pytest.FixtureRequest) -> Iterator[Settings]:
    """ClickHouse with a table in raw and one among the marts."""
    server: Settings = request.getfixturevalue("clickhouse")  # a name that the client has here
    with clickhouse(server, ClickHouseUser.ADMIN) as client:
        catalog.apply(client, [RawTable.of(Table.model_validate(CUPBOARDS))])
        client.command("create table analytics.shelf (id Int64) engine = MergeTree order by id")
        yield server
        client.command("drop table raw.cupboards")
        client.command("drop table analytics.shelf")
        client.command("alter table pipeline.readings delete where metric = 'of_a_test'")


def test_the_tables_name_every_role_and_every_user(source: Settings) -> None:
    assert POSTGRES.keys() == {role.name for role in roles(source)}
    assert CLICKHOUSE.keys() == set(ClickHouseUser)


@pytest.mark.parametrize(
    ("role", "statement"),
    [(role, statement) for role in POSTGRES for statement in (*POSTGRES[role].refused, *NOBODY_IN_POSTGRES)],
)
def test_a_role_of_postgresql_cannot_do_what_is_not_its_work(source: Settings, role: str, statement: str) -> None:
    with session(source, role, POSTGRES[role].database) as connection:
        connection.autocommit = True  # some are no part of a transaction
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement.encode())


@pytest.mark.parametrize(
    ("role", "statement"), [(role, statement) for role in POSTGRES for statement in POSTGRES[role].allowed]
)
def test_a_role_of_postgresql_can_do_its_work(source: Settings, role: str, statement: str) -> None:
    with (
        session(source, role, POSTGRES[role].database) as connection,
        connection.transaction(force_rollback=True),
    ):
        assert connection.execute(statement.encode()).rowcount > 0


@pytest.mark.parametrize("role", POSTGRES)
def test_a_role_enters_its_own_database_and_no_other(source: Settings, role: str) -> None:
    for database in (each.name for each in databases(source)):
        if database == POSTGRES[role].database:
            session(source, role, database).close()
            continue
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            session(source, role, database)


@pytest.mark.parametrize("role", POSTGRES)
def test_only_the_administrator_may_copy_the_cluster(source: Settings, role: str) -> None:
    """Who may replicate physically reads all that the cluster writes, whatever the publication leaves out."""
    with pytest.raises(psycopg.OperationalError, match=r"no pg_hba\.conf entry for replication"):
        session(source, role, SOURCE, "replication=true")


@pytest.mark.parametrize(
    ("user", "statement"),
    [(user, statement) for user in CLICKHOUSE for statement in (*CLICKHOUSE[user].refused, *NOBODY_IN_CLICKHOUSE)],
)
def test_a_user_of_clickhouse_cannot_do_what_is_not_its_work(cupboards: Settings, user: str, statement: str) -> None:
    with clickhouse(cupboards, ClickHouseUser(user)) as client:
        with pytest.raises(DatabaseError) as refused:
            client.command(statement)
        assert refused.value.code in {ACCESS_DENIED, READ_ONLY}


@pytest.mark.parametrize(
    ("user", "statement"), [(user, statement) for user in CLICKHOUSE for statement in CLICKHOUSE[user].allowed]
)
def test_a_user_of_clickhouse_can_do_its_work(cupboards: Settings, user: str, statement: str) -> None:
    with clickhouse(cupboards, ClickHouseUser(user)) as client:
        client.command(statement)
