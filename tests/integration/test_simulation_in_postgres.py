"""A simulated crowd in a real PostgreSQL, in a database of its own."""

import json
import secrets
from collections.abc import Callable
from typing import Any

import pytest
from own_stack import Stack

from dataflix.settings import Settings
from training.source_database import source_database

PEOPLE = 12
# A run takes two seconds
CROWD = ("--users", str(PEOPLE), "--rate", "200", "--seconds", "2", "--into", "postgres", "--json")
DEEDS = """
SELECT dense_rank() OVER (ORDER BY user_id), movie_id, rating, liked, watched_id IS NOT NULL
FROM ratings LEFT JOIN watched_movies USING (user_id, movie_id)
WHERE user_id IN (SELECT user_id FROM users WHERE email LIKE '%@simulated.example.com')
ORDER BY user_id, movie_id
"""


@pytest.fixture(scope="module")
def simulate(stack: Stack, postgres: Settings) -> Callable[[int], tuple[dict[str, Any], list[Any]]]:
    """Runs a crowd of this seed in a source without other simulated people: its figures, and the ratings it left."""
    name = f"simulation_{secrets.token_hex(4)}"
    of_this_database = {"DATAFLIX_POSTGRES_DATABASE": name}
    for command in ("migrate", "load-sample"):
        stack.run("connectors", command, env=of_this_database)
    settings = postgres.model_copy(update={"postgres_database": name})

    def run(seed: int) -> tuple[dict[str, Any], list[Any]]:
        told = json.loads(stack.run("training", "simulate", *CROWD, "--seed", str(seed), env=of_this_database))
        with source_database(settings) as source:
            deeds = source.execute(DEEDS).fetchall()
            source.execute("DELETE FROM users WHERE email LIKE '%@simulated.example.com'")
        return told, deeds

    return run


def test_a_crowd_leaves_what_it_says_and_the_same_again_for_the_same_seed(
    simulate: Callable[[int], tuple[dict[str, Any], list[Any]]],
) -> None:
    told, deeds = simulate(7)

    assert told["users"] == PEOPLE
    assert told["missed"] == 0
    assert 0 < len(deeds) <= told["rated"]
    assert all(watched for *_, watched in deeds), "somebody rated what they have not watched"
    assert {float(rating) for _, _, rating, *_ in deeds} <= {half / 2 for half in range(1, 11)}

    assert simulate(7)[1] == deeds
    assert simulate(8)[1] != deeds
