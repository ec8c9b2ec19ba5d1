"""MovieLens latest-small, imported into PostgreSQL, comes out at the other end complete."""

import json

import pytest
from running_stack import Stack, patiently

from dataflix.settings import PROJECT

MOVIELENS_SMALL = PROJECT.parent / "shared" / "data" / "ml-latest-small"


def test_movielens_runs_through_the_whole_stream(stack: Stack) -> None:
    if not MOVIELENS_SMALL.is_dir():
        pytest.skip("MovieLens latest-small is not beside this project; the import has its own tests on made data")
    stack.must_run("import", "movielens", str(MOVIELENS_SMALL))
    verdict = json.loads(stack.must_run("verify", "--json", "--wait", "120"))
    assert verdict["equal"] is True
    assert verdict["tables"]["ratings"]["raw_rows"] >= 100_836
    assert verdict["tables"]["movies"]["raw_rows"] >= 9_742
    stack.must_run("dbt", "build")
    trained = json.loads(stack.must_run("train", "--json"))
    for attempt in patiently():
        with attempt:
            answer = stack.api.get("/recommendations/1").json()
            assert str(answer["model_version"]) == str(trained["version"])
            assert len(answer["recommendations"]) == 10
