import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from dataflix.contracts import Table, load_contracts
from dataflix.recommender import WATCHED_ONLY_SCORE
from dataflix.settings import PROJECT

DBT = PROJECT / "dbt"
LAYERS = ("staging", "intermediate", "marts", "live")
SERVED = {
    "mart_users": "users",
    "mart_movies": "movies",
    "mart_user_movie_matrix": "user_movie_matrix",
    "mart_ratings_aggregated": "ratings_aggregated",
}
MODELS = sorted((DBT / "models").rglob("*.sql"))


def described(layer: str) -> dict[str, dict[str, Any]]:
    document = yaml.safe_load((DBT / "models" / layer / f"{layer}.yml").read_text(encoding="utf-8"))
    return {model["name"]: model for model in document["models"]}


def test_the_marts_and_the_recommender_score_a_watched_movie_alike() -> None:
    project = yaml.safe_load((DBT / "dbt_project.yml").read_text(encoding="utf-8"))
    assert project["vars"]["watched_only_weight"] == WATCHED_ONLY_SCORE


def test_every_model_and_every_column_is_described() -> None:
    models = {name: model for layer in LAYERS for name, model in described(layer).items()}
    assert set(models) == {file.stem for file in MODELS}
    for model in models.values():
        assert model["description"]
        assert all(column["description"] for column in model["columns"])


def test_marts_are_served_under_their_short_names() -> None:
    aliases = {
        file.stem: match[1]
        for file in MODELS
        if file.stem.startswith("mart_") and (match := re.search(r"alias='(\w+)'", file.read_text(encoding="utf-8")))
    }
    assert aliases == SERVED


@pytest.mark.parametrize("table", load_contracts(PROJECT / "contracts").tables, ids=lambda table: table.name)
def test_no_personal_column_leaves_raw_masked_or_not(table: Table) -> None:
    shown = {column["name"] for column in described("staging")[f"stg_{table.name}"]["columns"]}
    assert shown == {column.name for column in table.columns if column.mask is None}


# Cells are tested as changes, before they are published: looking through all versions again would tell nothing new.
@pytest.mark.parametrize("file", [file for file in MODELS if file.stem != "int_user_movie_cells"], ids=lambda f: f.stem)
def test_every_model_has_tests_of_its_key(file: Path) -> None:
    model = described(file.parent.name)[file.stem]
    tests = [
        *model.get("data_tests", []),
        *(test for column in model["columns"] for test in column.get("data_tests", [])),
    ]
    names = {test if isinstance(test, str) else next(iter(test)) for test in tests}
    assert "not_null" in names
    assert names & {"unique", "unique_combination"}


def test_every_mart_and_every_live_view_is_named_by_who_uses_it() -> None:
    exposures = yaml.safe_load((DBT / "models" / "exposures.yml").read_text(encoding="utf-8"))["exposures"]
    used = {node for exposure in exposures for node in exposure["depends_on"]}
    assert used == {f"ref('{name}')" for layer in ("marts", "live") for name in described(layer)}
    assert {exposure["type"] for exposure in exposures} == {"dashboard", "ml", "application"}


def test_live_views_hold_no_copy_of_anything() -> None:
    project = yaml.safe_load((DBT / "dbt_project.yml").read_text(encoding="utf-8"))
    assert project["models"]["dataflix"]["live"]["+materialized"] == "view"
    assert not any("config(" in file.read_text(encoding="utf-8") for file in (DBT / "models" / "live").glob("*.sql"))
