"""The sample: complete, consistent, and nobody of it is anywhere but among the people."""

import csv
from collections import Counter
from decimal import Decimal

import pytest

from connectors.sample_data import KEYS, sample_file
from dataflix.contracts import load_contracts
from dataflix.settings import PROJECT

Row = dict[str, str]


def rows(table: str) -> list[Row]:
    with sample_file(table).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def pairs(table: str) -> set[tuple[str, str]]:
    return {(row["user_id"], row["movie_id"]) for row in rows(table)}


@pytest.mark.parametrize(("table", "count"), [("users", 8), ("movies", 20), ("watched_movies", 33), ("ratings", 33)])
def test_the_sample_has_its_size(table: str, count: int) -> None:
    assert [row[KEYS[table]] for row in rows(table)] == [str(number) for number in range(1, count + 1)]


@pytest.mark.parametrize("table", KEYS)
def test_the_sample_fills_every_column_of_the_contract(table: str) -> None:
    contract = load_contracts(PROJECT / "contracts").table(table)
    for row in rows(table):
        assert set(row) == set(contract.by_name)
        assert all(row[column.name] or column.nullable for column in contract.columns)


def test_the_first_person_is_john_doe() -> None:
    john = rows("users")[0]
    assert (john["first_name"], john["last_name"]) == ("John", "Doe")
    assert (john["username"], john["email"]) == ("john_doe", "john.doe@example.com")


def test_what_was_watched_and_rated_is_in_the_sample() -> None:
    users, movies = {row["user_id"] for row in rows("users")}, {row["movie_id"] for row in rows("movies")}
    for user, movie in pairs("watched_movies") | pairs("ratings"):
        assert user in users
        assert movie in movies


def test_nobody_rated_what_they_did_not_watch_before() -> None:
    watched = {(row["user_id"], row["movie_id"]): row["watched_at"] for row in rows("watched_movies")}
    for row in rows("ratings"):
        assert watched[row["user_id"], row["movie_id"]] < row["rated_at"]


def test_a_movie_is_watched_and_rated_once_by_each() -> None:
    assert len(pairs("watched_movies")) == len(pairs("ratings")) == 33


def test_ratings_are_halves() -> None:
    ratings = [Decimal(row["rating"]) for row in rows("ratings")]
    assert all(Decimal("0.5") <= rating <= 5 and rating * 2 % 1 == 0 for rating in ratings)
    assert len(set(ratings)) >= 6


def test_liking_agrees_with_the_stars() -> None:
    for row in rows("ratings"):
        stars = Decimal(row["rating"])
        assert row["liked"] != "true" or stars >= 4
        assert row["liked"] != "false" or stars <= Decimal("2.5")


def test_people_live_in_several_states_and_some_share_one() -> None:
    states = Counter(row["state"] for row in rows("users"))
    assert len(states) >= 4
    assert max(states.values()) >= 2


def test_addresses_belong_to_nobody() -> None:
    assert all(row["email"].split("@")[1] in {"example.com", "example.net", "example.org"} for row in rows("users"))


def test_nobody_of_the_sample_is_named_in_a_movie() -> None:
    """So that a search for a name in everything that is not PostgreSQL finds a leak and nothing else."""
    movies = " ".join(value for row in rows("movies") for value in row.values()).casefold()
    for user in rows("users"):
        for column in ("first_name", "last_name", "username", "email"):
            assert user[column].casefold() not in movies
