"""Every role of PostgreSQL and every user of ClickHouse: what it must not do, and something of its work."""

from dataclasses import dataclass

SOURCE = "dataflix"


@dataclass(frozen=True, slots=True)
class Account:
    """``allowed`` shows that it is refused for what it asks, and not because it can do nothing at all."""

    refused: list[str]
    allowed: list[str]
    database: str = SOURCE


# What is allowed is rolled back after it
POSTGRES = {
    "dataflix_api": Account(
        [
            "CREATE TABLE public.of_the_api (id integer)",
            "TRUNCATE public.ratings",
            "DROP TABLE public.ratings",
            "ALTER TABLE public.ratings DISABLE TRIGGER ALL",
            "SET session_replication_role = replica",
            "SELECT * FROM dataflix.signals",
            "INSERT INTO dataflix.signals VALUES ('1', 'execute-snapshot', NULL)",
            "INSERT INTO dataflix.erasures (user_id, txid, deleted) VALUES (1, 1, '{}')",
            "UPDATE dataflix.erasures SET erased_at = now()",
            "UPDATE dataflix.idempotency_keys SET status = 200",
            "UPDATE dataflix.epochs SET state = state",
        ],
        [
            "INSERT INTO public.movies (title) VALUES ('A new one')",
            "UPDATE public.ratings SET rating = 1",
            "DELETE FROM public.users",
            "SELECT dataflix.erase_person(min(user_id)) FROM public.users",
        ],
    ),
    "dataflix_debezium": Account(
        [
            "INSERT INTO public.movies (title) VALUES ('A new one')",
            "UPDATE public.users SET age = 1",
            "DELETE FROM public.ratings",
            "DELETE FROM dataflix.heartbeat",
            "SELECT * FROM dataflix.snapshots",
            "SELECT * FROM dataflix.erasures",
            "SELECT * FROM dataflix.idempotency_keys",
            "CREATE PUBLICATION everything FOR TABLE public.users",
            "ALTER PUBLICATION dataflix SET TABLE public.users",
        ],
        [
            "SELECT email FROM public.users",
            "UPDATE dataflix.heartbeat SET beat_at = now()",
            "INSERT INTO dataflix.signals VALUES ('1', 'snapshot-window-open', NULL)",
        ],
    ),
    "dataflix_verifier": Account(
        [
            "UPDATE public.ratings SET rating = 1",
            "DELETE FROM public.users",
            "SELECT * FROM dataflix.signals",
            "DELETE FROM dataflix.signals",
            "SELECT * FROM dataflix.erasures",
            "SELECT * FROM dataflix.idempotency_keys",
            "UPDATE dataflix.epochs SET state = state",
        ],
        [
            "SELECT rating_id, rating FROM public.ratings",
            "INSERT INTO dataflix.signals VALUES ('2', 'log', NULL)",
        ],
    ),
    "dataflix_eraser": Account(
        [
            "SELECT email FROM public.users",
            "SELECT rating FROM public.ratings",
            "UPDATE public.users SET age = 1",
            "DELETE FROM public.movies",
            "INSERT INTO public.ratings (user_id, movie_id, rating) VALUES (1, 20, 3.5)",
            "SELECT dataflix.erase_person(1)",
            "DELETE FROM dataflix.erasures",
            "SELECT * FROM dataflix.idempotency_keys",
            "INSERT INTO dataflix.signals VALUES ('1', 'execute-snapshot', NULL)",
        ],
        ["SELECT user_id FROM public.users", "DELETE FROM public.users"],
    ),
    "dataflix_watcher": Account(
        [
            "SELECT user_id FROM public.users",
            "SELECT title FROM public.movies",
            "SELECT * FROM dataflix.erasures",
            "SELECT * FROM dataflix.idempotency_keys",
            "SELECT * FROM dataflix.signals",
            "UPDATE dataflix.heartbeat SET beat_at = now()",
            "DELETE FROM dataflix.epochs",
            "UPDATE dataflix.epochs SET epoch = epoch + 1",
            "SELECT pg_drop_replication_slot('dataflix')",
        ],
        ["SELECT beat_at FROM dataflix.heartbeat"],
    ),
    "dataflix_mlflow": Account([], ["CREATE TABLE public.of_its_own AS SELECT 1 AS one"], database="mlflow"),
    "dataflix_airflow": Account([], ["CREATE TABLE public.of_its_own AS SELECT 1 AS one"], database="airflow"),
    "dataflix_superset": Account([], ["CREATE TABLE public.of_its_own AS SELECT 1 AS one"], database="superset"),
}
# What leads out of a database: to the passwords, to the machine, to other roles
NOBODY_IN_POSTGRES = [
    "SELECT rolpassword FROM pg_authid",
    "SELECT pg_read_file('/etc/passwd')",
    "COPY (SELECT 1) TO PROGRAM 'cat'",
    "CREATE ROLE another LOGIN",
    "CREATE DATABASE another",
    "ALTER SYSTEM SET log_statement = 'all'",
    "SET ROLE dataflix_admin",
]
CLICKHOUSE = {
    "admin": Account([], ["optimize table raw.cupboards", "alter table raw.cupboards delete where id = 0"]),
    "worker": Account(
        [
            "alter table raw.cupboards drop column name",
            "alter table raw.cupboards delete where id = 1",
            "truncate table raw.cupboards",
            "create table raw.another (id Int64) engine = MergeTree order by id",
            "select * from analytics.shelf",
            "select * from pipeline.readings",
        ],
        ["insert into raw.cupboards (id, name) values (1, 'left')", "select id from raw.cupboards"],
    ),
    "dbt": Account(
        [
            "insert into raw.cupboards (id) values (1)",
            "alter table raw.cupboards update name = '' where id = 1",
            "drop table raw.cupboards",
            "create database another",
            "insert into pipeline.measurements (version, metric, value) values (1, 'one', 1)",
            "select query from system.processes",
        ],
        ["select id from raw.cupboards", "insert into analytics.shelf values (1)"],
    ),
    "training": Account(
        [
            "select * from raw.cupboards",
            "insert into analytics.shelf values (1)",
            "select * from pipeline.readings",
            "alter table pipeline.measurements delete where version = 1",
        ],
        ["select id from analytics.shelf"],
    ),
    "verifier": Account(
        ["insert into raw.cupboards (id) values (1)", "optimize table raw.cupboards", "select * from analytics.shelf"],
        ["select id from raw.cupboards"],
    ),
    "eraser": Account(
        [
            "insert into raw.cupboards (id) values (1)",
            "alter table raw.cupboards update name = '' where id = 1",
            "truncate table raw.cupboards",
            "drop table raw.cupboards",
            "alter table pipeline.measurements delete where version = 1",
        ],
        ["alter table raw.cupboards delete where id = 0", "select id from analytics.shelf"],
    ),
    "watcher": Account(
        [
            "select * from raw.cupboards",
            "select * from analytics.shelf",
            "select * from pipeline.readings",
            "insert into pipeline.measurements (version, metric, value) values (1, 'one', 1)",
        ],
        ["insert into pipeline.readings (at, metric, subject, value) values (now64(), 'of_a_test', '', 1)"],
    ),
    "superset": Account(
        [
            "select * from raw.cupboards",
            "select * from pipeline.readings",
            "insert into analytics.shelf values (1)",
            "drop table analytics.shelf",
            "set max_execution_time = 0",
        ],
        ["select id from analytics.shelf"],
    ),
    # What it may read is asked for by test_history_from_clickhouse, of the tables that it is in
    "api": Account(
        [
            "select id from raw.cupboards",
            "select id from analytics.shelf",
            "select * from pipeline.readings",
            "insert into raw.cupboards (id) values (1)",
            "set max_execution_time = 7",
        ],
        ["select 1"],
    ),
}
# What leads out of the tables: to the machine, to its network, to other accounts
NOBODY_IN_CLICKHOUSE = [
    "select * from file('users.xml', 'LineAsString')",
    "select * from url('http://127.0.0.1:9', 'LineAsString')",
    "select * from remote('127.0.0.1', system.one)",
    "create user another",
    "grant select on raw.* to worker",
    "system shutdown",
]
