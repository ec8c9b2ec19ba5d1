"""Publication and grants follow from the contracts."""

import pytest

from connectors.grants import grants
from connectors.publication import STREAM_TABLES, SourceTable, check_source, publication_sql, published
from dataflix.contracts import Contracts, Table, load_contracts
from dataflix.errors import ContractViolation
from dataflix.settings import PROJECT

GENRES = Table.model_validate(
    {
        "table": "genres",
        "description": "Kinds of movies.",
        "key": ["genre_id"],
        "columns": {
            "genre_id": {"type": "bigint", "description": "Number"},
            "name": {"type": "text", "description": "Name"},
        },
    }
)
CONTRACTS = Contracts(tables=(GENRES,), version="of-the-test")


def a_source(columns: str = "genre_id name", key: str = "genre_id") -> SourceTable:
    return SourceTable(frozenset(columns.split()), frozenset(key.split()))


def test_the_publication_is_created_with_column_lists() -> None:
    statement = publication_sql({"public.genres": ("genre_id", "name")}, exists=False)
    assert statement.as_string() == ('CREATE PUBLICATION "dataflix" FOR TABLE "public"."genres" ("genre_id", "name")')


def test_a_publication_that_exists_is_set_and_never_dropped() -> None:
    statement = publication_sql({"public.genres": ("genre_id",), "public.actors": ("actor_id",)}, exists=True)
    assert statement.as_string() == (
        'ALTER PUBLICATION "dataflix" SET TABLE "public"."actors" ("actor_id"), TABLE "public"."genres" ("genre_id")'
    )


def test_the_publication_holds_the_contracts_and_the_tables_of_the_stream() -> None:
    assert published(CONTRACTS) == {"public.genres": ("genre_id", "name")} | STREAM_TABLES


def test_a_source_may_have_more_than_its_contract() -> None:
    check_source(GENRES, a_source("genre_id name colour"))


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        (None, "which the source does not have"),
        (a_source("genre_id"), "lists name, which the table public.genres does not have"),
        (a_source(key="name"), "the primary key of public.genres is name"),
        (a_source(key=""), "the primary key of public.genres is missing"),
    ],
)
def test_a_source_that_has_less_than_its_contract_is_refused(source: SourceTable | None, sentence: str) -> None:
    with pytest.raises(ContractViolation, match=sentence):
        check_source(GENRES, source)


def test_readers_of_the_stream_are_granted_single_columns() -> None:
    statements = "\n".join(statement.as_string() for statement in grants(CONTRACTS))
    for role in ("dataflix_debezium", "dataflix_verifier"):
        assert f'GRANT SELECT ("genre_id", "name") ON "public"."genres" TO "{role}"' in statements


def test_who_erases_a_person_reads_the_number_and_nothing_else() -> None:
    statements = [statement.as_string() for statement in grants(load_contracts(PROJECT / "contracts"))]
    own = [statement for statement in statements if statement.endswith('TO "dataflix_eraser"')]
    *people, requests, epochs = own
    assert '"dataflix"."erasures"' in requests
    assert 'GRANT SELECT ON "dataflix"."epochs"' in epochs
    for statement, table in zip(people, ("ratings", "watched_movies", "users"), strict=True):
        assert f'GRANT SELECT ("user_id"), DELETE ON "public"."{table}"' in statement


def test_whatever_a_role_had_is_taken_before_anything_is_granted() -> None:
    verbs = [statement.as_string().split()[0] for statement in grants(CONTRACTS)]
    assert verbs == sorted(verbs, reverse=True)
    assert {"REVOKE", "GRANT"} == set(verbs)
