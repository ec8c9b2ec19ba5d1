"""The source database after `migrate` and `load-sample`, on real PostgreSQL: each test has a database of its own."""

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest
from own_stack import Stack
from psycopg import sql
from pydantic import SecretStr
from typer.testing import CliRunner

from connectors.__main__ import app
from connectors.postgres import ADMIN, MAINTENANCE_DATABASE, connect_admin
from connectors.publication import STREAM_TABLES, read_publication, read_source
from connectors.schema import downgrade, upgrade
from dataflix.contracts import load_contracts
from dataflix.errors import DataflixError
from dataflix.settings import PROJECT, Settings

TABLES = {"public.users", "public.movies", "public.watched_movies", "public.ratings"}
PHONE = "ALTER TABLE public.users ADD COLUMN phone text;\nCOMMENT ON COLUMN public.users.phone IS 'in no contract';\n"
BROKEN_RULES = [
    ("ratings_rating_check", "INSERT INTO ratings (user_id, movie_id, rating) VALUES (1, 20, 3.3)"),
    ("ratings_rating_check", "INSERT INTO ratings (user_id, movie_id, rating) VALUES (1, 20, 0.0)"),
    ("ratings_rating_check", "INSERT INTO ratings (user_id, movie_id, rating) VALUES (1, 20, 5.5)"),
    ("ratings_user_id_movie_id_key", "INSERT INTO ratings (user_id, movie_id, rating) VALUES (1, 6, 3.0)"),
    ("ratings_user_id_fkey", "INSERT INTO ratings (user_id, movie_id, rating) VALUES (999, 6, 3.0)"),
    ("watched_movies_movie_id_fkey", "INSERT INTO watched_movies (user_id, movie_id) VALUES (1, 999)"),
    ("watched_movies_user_id_movie_id_key", "INSERT INTO watched_movies (user_id, movie_id) VALUES (1, 6)"),
    ("users_email_key", "INSERT INTO users (username, email) VALUES ('another', 'john.doe@example.com')"),
    ("users_username_key", "INSERT INTO users (username, email) VALUES ('john_doe', 'another@example.com')"),
    ("users_email_check", "INSERT INTO users (username, email) VALUES ('another', '')"),
    ("users_age_check", "INSERT INTO users (username, email, age) VALUES ('another', 'another@example.com', -1)"),
    ("movies_title_check", "INSERT INTO movies (title) VALUES ('')"),
    ("movies_imdb_rating_check", "INSERT INTO movies (title, imdb_rating) VALUES ('A new one', 10.1)"),
]


@dataclass(frozen=True, slots=True)
class Source:
    """An own source database of the shared cluster."""

    stack: Stack
    settings: Settings

    def run(self, command: str, env: Mapping[str, str] | None = None) -> str:
        """What ``python -m connectors command`` prints on this database."""
        own = {"DATAFLIX_HOME": str(self.stack.home), "DATAFLIX_POSTGRES_DATABASE": self.settings.postgres_database}
        result = CliRunner().invoke(app, [command], env=own | dict(env or {}), catch_exceptions=False)
        assert result.exit_code == 0
        return result.stdout

    def refuse(self, command: str, env: Mapping[str, str]) -> str:
        """The sentence with which ``command`` ends when it fails."""
        with pytest.raises(DataflixError) as failure:
            self.run(command, env)
        return str(failure.value)

    def connect(self, role: str, password: SecretStr | None = None) -> psycopg.Connection[tuple[object, ...]]:
        own: SecretStr = getattr(self.settings, role.replace("dataflix", "postgres") + "_password")
        return psycopg.connect(self.settings.postgres_conninfo(role, password or own), autocommit=True)

    def tables(self) -> set[str]:
        with self.connect(ADMIN) as connection:
            return set(read_source(connection))

    def value(self, query: str) -> object:
        """The first column of the one row of ``query``."""
        with self.connect(ADMIN) as connection:
            row = connection.execute(query.encode()).fetchone()
        assert row is not None
        return row[0]


@pytest.fixture
def empty(stack: Stack, postgres: Settings) -> Iterator[Source]:
    """A source database that is not there yet; it is dropped after the test."""
    name = f"source_{secrets.token_hex(6)}"
    yield Source(stack, postgres.model_copy(update={"postgres_database": name}))
    with connect_admin(postgres, MAINTENANCE_DATABASE) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def migrated(empty: Source) -> Source:
    """A source database with tables, without rows."""
    empty.run("migrate")
    return empty


@pytest.fixture
def loaded(migrated: Source) -> Source:
    """A source database with the sample."""
    migrated.run("load-sample")
    return migrated


@pytest.fixture
def phone(tmp_path: Path) -> Mapping[str, str]:
    """The settings of an operator who adds a column that no contract names."""
    (tmp_path / "0001_phone.sql").write_text(PHONE)
    return {"DATAFLIX_MIGRATIONS": str(tmp_path)}


def test_a_truncate_of_every_table_under_contract_deletes_the_rows_first(loaded: Source) -> None:
    triggers = "SELECT count(*) FROM pg_trigger WHERE tgname = 'dataflix_delete_before_truncate' AND tgenabled = 'A'"
    assert loaded.value(triggers) == len(TABLES)
    with loaded.connect(ADMIN) as connection:
        connection.execute("TRUNCATE users CASCADE")
    assert loaded.value("SELECT (SELECT count(*) FROM users) + (SELECT count(*) FROM ratings)") == 0
    assert loaded.value("SELECT count(*) FROM movies") == 20


def test_the_tables_go_up_down_and_up_again(migrated: Source) -> None:
    assert migrated.tables() > TABLES
    downgrade(migrated.settings, "base")
    assert migrated.tables() == {"dataflix.alembic_version"}
    upgrade(migrated.settings)
    assert migrated.tables() > TABLES


def test_every_single_migration_can_be_taken_back(migrated: Source) -> None:
    downgrade(migrated.settings, "0001")
    assert migrated.tables() == TABLES | {"dataflix.alembic_version"}
    upgrade(migrated.settings)
    assert migrated.tables() > TABLES | set(STREAM_TABLES)


def test_migrating_twice_changes_nothing(migrated: Source) -> None:
    assert "unchanged" in migrated.run("migrate")


def test_a_database_that_is_newer_than_the_program_is_left_alone(migrated: Source) -> None:
    with migrated.connect(ADMIN) as connection:
        connection.execute("UPDATE dataflix.alembic_version SET version_num = '9999'")
    assert "newer Dataflix" in migrated.refuse("migrate", {})


@pytest.mark.parametrize(("rule", "statement"), BROKEN_RULES)
def test_a_broken_rule_is_named(loaded_once: Source, rule: str, statement: str) -> None:
    with loaded_once.connect("dataflix_api") as connection, pytest.raises(psycopg.IntegrityError) as error:
        connection.execute(statement.encode())
    assert error.value.diag.constraint_name == rule


def test_a_changed_password_takes_the_place_of_the_old_one(migrated: Source) -> None:
    new = secrets.token_urlsafe(16)
    migrated.run("migrate", {"DATAFLIX_POSTGRES_VERIFIER_PASSWORD": new})
    try:
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            migrated.connect("dataflix_verifier")
        migrated.connect("dataflix_verifier", SecretStr(new)).close()
    finally:
        migrated.run("migrate")
    migrated.connect("dataflix_verifier").close()


def test_a_missing_password_is_a_sentence_and_exit_code_2(stack: Stack, postgres: Settings) -> None:
    with pytest.raises(pytest.fail.Exception) as failure:
        stack.run("connectors", "migrate", env={"DATAFLIX_POSTGRES_API_PASSWORD": ""})
    message = str(failure.value)
    assert "exited with 2" in message
    assert "DATAFLIX_POSTGRES_API_PASSWORD is empty" in message
    assert "Traceback" not in message


def test_the_publication_lists_the_columns_of_the_contracts(migrated: Source) -> None:
    contracts = load_contracts(PROJECT / "contracts")
    with migrated.connect(ADMIN) as connection:
        published = read_publication(connection)
    assert published is not None
    for table in contracts:
        assert published[table.source] == set(table.by_name)
    assert published.keys() == TABLES | set(STREAM_TABLES)


def test_a_column_that_no_contract_names_is_neither_published_nor_readable(
    migrated: Source, phone: Mapping[str, str]
) -> None:
    assert "Applied 0001_phone.sql" in migrated.run("migrate", phone)
    with migrated.connect(ADMIN) as connection:
        published = read_publication(connection)
    assert published is not None
    assert "email" in published["public.users"]
    assert "phone" not in published["public.users"]
    for role in ("dataflix_debezium", "dataflix_verifier"):
        with migrated.connect(role) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT phone FROM public.users")


def test_a_migration_of_the_operator_is_applied_once(migrated: Source, phone: Mapping[str, str]) -> None:
    assert "Applied 0001_phone.sql" in migrated.run("migrate", phone)
    assert "Applied" not in migrated.run("migrate", phone)


def test_a_migration_that_changed_after_it_was_applied_is_refused(
    migrated: Source, phone: Mapping[str, str], tmp_path: Path
) -> None:
    migrated.run("migrate", phone)
    (tmp_path / "0001_phone.sql").write_text(PHONE + "-- a second thought\n")
    assert "was changed after it had been applied" in migrated.refuse("migrate", phone)


def test_a_migration_that_fails_leaves_nothing_behind(
    migrated: Source, phone: Mapping[str, str], tmp_path: Path
) -> None:
    (tmp_path / "0002_wrong.sql").write_text("CREATE TABLE public.half (id integer); SELECT 1 / 0;")
    sentence = migrated.refuse("migrate", phone)
    assert "0002_wrong.sql" in sentence
    assert "division by zero" in sentence
    assert "public.half" not in migrated.tables()


def test_a_contract_that_the_source_does_not_fulfil_is_a_sentence(migrated: Source, tmp_path: Path) -> None:
    for file in (PROJECT / "contracts").glob("*.yml"):
        (tmp_path / file.name).write_text(file.read_text())
    with (tmp_path / "ratings.yml").open("a") as contract:
        contract.write("  mood: {type: text, nullable: true, description: Of the person}\n")
    sentence = migrated.refuse("migrate", {"DATAFLIX_CONTRACTS": str(tmp_path)})
    assert "ratings.yml lists mood, which the table public.ratings does not have" in sentence


def test_the_sample_is_complete_and_loaded_once(loaded: Source) -> None:
    assert loaded.value("SELECT count(*) FROM users") == 8
    assert loaded.value("SELECT count(*) FROM movies") == 20
    assert loaded.value("SELECT count(*) FROM watched_movies") == 33
    assert "not loaded" in loaded.run("load-sample")
    assert loaded.value("SELECT count(*) FROM ratings") == 33


def test_the_sample_is_not_mixed_with_rows_that_are_there(migrated: Source) -> None:
    with migrated.connect("dataflix_api") as connection:
        connection.execute("INSERT INTO movies (title) VALUES ('The only one')")
    assert "not loaded" in migrated.run("load-sample")
    assert migrated.value("SELECT count(*) FROM users") == 0


def test_new_rows_get_ids_above_the_sample(loaded: Source) -> None:
    with loaded.connect("dataflix_api") as connection:
        row = connection.execute(
            "INSERT INTO ratings (user_id, movie_id, rating) VALUES (1, 20, 3.5) RETURNING rating_id, rating"
        ).fetchone()
    assert row == (34, Decimal("3.5"))


def test_a_changed_person_gets_a_new_updated_at(loaded: Source) -> None:
    before = loaded.value("SELECT updated_at FROM users WHERE user_id = 1")
    with loaded.connect("dataflix_api") as connection:
        connection.execute("UPDATE users SET city = city WHERE user_id = 1")
        assert loaded.value("SELECT updated_at FROM users WHERE user_id = 1") == before
        connection.execute("UPDATE users SET city = 'Oakland' WHERE user_id = 1")
    assert loaded.value("SELECT updated_at > created_at FROM users WHERE user_id = 1") is True


def test_a_deleted_person_takes_what_they_watched_and_rated_along(loaded: Source) -> None:
    with loaded.connect("dataflix_api") as connection:
        connection.execute("DELETE FROM users WHERE user_id = 1")
    assert loaded.value("SELECT count(*) FROM ratings") == 28
    assert loaded.value("SELECT count(*) FROM watched_movies") == 28


@pytest.fixture(scope="module")
def loaded_once(stack: Stack, postgres: Settings) -> Iterator[Source]:
    """A source database with the sample, shared by tests that leave no trace in it."""
    name = f"source_{secrets.token_hex(6)}"
    source = Source(stack, postgres.model_copy(update={"postgres_database": name}))
    source.run("migrate")
    source.run("load-sample")
    yield source
    with connect_admin(postgres, MAINTENANCE_DATABASE) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
