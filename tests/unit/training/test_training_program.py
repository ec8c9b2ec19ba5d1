"""What starts fast stays fast, and what is away is a sentence."""

import subprocess
import sys
from datetime import UTC, datetime

import pytest

from dataflix.errors import SourceUnavailable
from dataflix.model_registry import Announcement
from dataflix.settings import PROJECT, Settings
from training import announcer

ANNOUNCEMENT = Announcement(
    name="dataflix-nmf",
    version=3,
    run_id="r3",
    alias="champion",
    item_model="1/item_model.npz",
    metrics={"rmse": 1.0},
    at=datetime(2026, 1, 2, tzinfo=UTC),
)


def imported_by(statement: str) -> set[str]:
    """The packages that are loaded after ``statement`` in a fresh interpreter."""
    script = f"{statement}\nimport sys\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_recommender_needs_numpy_alone() -> None:
    loaded = imported_by("import dataflix.recommender")

    assert "numpy" in loaded
    assert loaded.isdisjoint({"scipy", "sklearn", "numba", "pandas", "mlflow", "aiohttp", "pydantic"})


def test_the_help_of_training_loads_nothing_heavy() -> None:
    loaded = imported_by("import training.__main__")

    assert loaded.isdisjoint({"scipy", "sklearn", "pandas", "mlflow", "minio", "psycopg", "clickhouse_connect"})


def test_who_asks_about_models_waits_for_no_plots() -> None:
    assert "matplotlib" not in imported_by("import training.champion")


def test_a_champion_that_cannot_be_announced_is_told_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(announcer, "TIMEOUT_S", 0.3)

    with pytest.raises(
        SourceUnavailable, match=r"Version 3 of dataflix-nmf is the champion, but Kafka at 127\.0\.0\.1:1 "
    ):
        announcer.announce(Settings(kafka_port=1), ANNOUNCEMENT)
