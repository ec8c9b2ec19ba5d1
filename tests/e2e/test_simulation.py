"""A simulated crowd at the API of a running stack: what it does runs through the whole stream."""

import json

from running_stack import Stack, patiently

THEIRS = "SELECT user_id FROM users WHERE email LIKE '%@simulated.example.com'"


def test_what_a_simulated_crowd_does_arrives_in_raw(stack: Stack) -> None:
    told = json.loads(
        stack.must_run("simulate", "--users", "10", "--rate", "60", "--seconds", "3", "--seed", "5", "--json")
    )

    with stack.source() as source:
        people = [user_id for (user_id,) in source.execute(THEIRS)]
        try:
            rows = source.execute(
                "SELECT user_id, movie_id, rating::float FROM ratings WHERE user_id = ANY(%s)", [people]
            ).fetchall()
            assert (len(people), told["missed"]) == (10, 0)
            assert min(told["browsed"], told["watched"], told["rated"]) > 0
            assert 0 < len(rows) <= told["rated"]
            for attempt in patiently(120):
                with attempt:
                    for user_id, movie_id, rating in rows:
                        assert stack.raw_rating(user_id, movie_id) == rating
        finally:
            source.execute("DELETE FROM users WHERE user_id = ANY(%s)", [people])
