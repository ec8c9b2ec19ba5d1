"""The roles and databases of the cluster: one role per program, each with a password of its own."""

from dataclasses import dataclass
from typing import Literal

from psycopg import sql
from pydantic import SecretStr

from connectors.postgres import ADMIN, MAINTENANCE_DATABASE, Connection, required
from dataflix.settings import Settings

API = "dataflix_api"
DEBEZIUM = "dataflix_debezium"
VERIFIER = "dataflix_verifier"
ERASER = "dataflix_eraser"
WATCHER = "dataflix_watcher"
MLFLOW = "dataflix_mlflow"
MLFLOW_DATABASE = "mlflow"
AIRFLOW = "dataflix_airflow"
AIRFLOW_DATABASE = "airflow"
SUPERSET = "dataflix_superset"
SUPERSET_DATABASE = "superset"


@dataclass(frozen=True, slots=True)
class Role:
    """A role that logs in with ``password`` and may do nothing yet."""

    name: str
    password: SecretStr
    replication: Literal["REPLICATION", "NOREPLICATION"] = "NOREPLICATION"


@dataclass(frozen=True, slots=True)
class Database:
    """A database, whom it belongs to, and which further roles may connect."""

    name: str
    owner: str
    guests: tuple[str, ...] = ()


def roles(settings: Settings) -> tuple[Role, ...]:
    """Every role that `migrate` keeps. Raises SettingsError when one of the passwords is empty."""
    return (
        Role(API, required(settings, "postgres_api_password")),
        Role(DEBEZIUM, required(settings, "postgres_debezium_password"), "REPLICATION"),
        Role(VERIFIER, required(settings, "postgres_verifier_password")),
        Role(ERASER, required(settings, "postgres_eraser_password")),
        Role(WATCHER, required(settings, "postgres_watcher_password")),
        Role(MLFLOW, required(settings, "postgres_mlflow_password")),
        Role(AIRFLOW, required(settings, "postgres_airflow_password")),
        Role(SUPERSET, required(settings, "postgres_superset_password")),
    )


def databases(settings: Settings) -> tuple[Database, ...]:
    """Every database that `migrate` keeps."""
    return (
        Database(settings.postgres_database, ADMIN, guests=(API, DEBEZIUM, VERIFIER, ERASER, WATCHER)),
        Database(MLFLOW_DATABASE, MLFLOW),
        Database(AIRFLOW_DATABASE, AIRFLOW),
        Database(SUPERSET_DATABASE, SUPERSET),
        # There in every cluster, and open to every role unless that is taken back
        Database(MAINTENANCE_DATABASE, ADMIN),
        Database("template1", ADMIN),
    )


def keep_role(connection: Connection, role: Role) -> None:
    """Create ``role`` or give it its attributes and password again.

    The server gets the SCRAM verifier only, so that no password can stand in its log.
    """
    known = connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [role.name]).fetchone() is not None
    verifier = connection.pgconn.encrypt_password(
        role.password.get_secret_value().encode(), role.name.encode(), b"scram-sha-256"
    )
    connection.execute(
        sql.SQL("{} ROLE {} WITH LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS {} PASSWORD {}").format(
            sql.SQL("ALTER" if known else "CREATE"),
            sql.Identifier(role.name),
            sql.SQL(role.replication),
            sql.Literal(verifier.decode()),
        )
    )


def keep_database(connection: Connection, database: Database) -> None:
    """Create ``database`` and let nobody but its owner and guests connect.

    Its collation is PostgreSQL's own C.UTF-8: the order of text does not depend on the machine.
    """
    name = sql.Identifier(database.name)
    if connection.execute("SELECT FROM pg_database WHERE datname = %s", [database.name]).fetchone() is None:
        connection.execute(
            sql.SQL(
                "CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING 'UTF8' "
                "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C'"
            ).format(name, sql.Identifier(database.owner))
        )
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
    for guest in database.guests:
        connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(name, sql.Identifier(guest)))
