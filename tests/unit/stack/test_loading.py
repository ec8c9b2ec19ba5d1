"""The order of a whole start, and what a later start leaves out."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from stack import loading
from stack.errors import StepFailed
from stack.home import Home, prepare_home
from stack.loading import FullStart, Sources
from stack.programs import Programs
from stack.progress import Steps
from stack.service import Service
from stack.services import services
from stack.startup import Starter, run_in_order


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("DATAFLIX_HOME", str(tmp_path / "home"))
    return prepare_home(None, {})


@pytest.fixture
def happened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a start does: services by name, steps by their command."""
    happened: list[str] = []

    def run(_programs: Programs, program: str, *arguments: str) -> None:
        happened.append(" ".join((program, *arguments)))

    monkeypatch.setattr(Programs, "run", run)
    monkeypatch.setattr(loading, "connector_runs", lambda _: True)
    monkeypatch.setattr(loading, "has_champion", lambda _: True)
    return happened


def start(home: Home, happened: list[str]) -> list[str]:
    class Noting:
        def bring_up(self, service: Service) -> None:
            happened.append(service.name)

    happened.clear()
    run_in_order(FullStart(home, services(home), cast("Starter", Noting()), Steps()).tasks())
    return list(happened)


SERVICES = {"postgres", "kafka", "connect", "clickhouse", "s3", "mlflow", "worker", "watcher", "api"}
STEPS = [
    "connectors migrate",
    "clickhouse apply",
    "training create-buckets",
    "connectors load-sample",
    "connectors register",
    "clickhouse verify --wait 120",
    "stack dbt build --full-refresh",
    "training train --if-missing",
]


def test_the_first_start_does_everything_in_an_order_that_holds(home: Home, happened: list[str]) -> None:
    done = start(home, happened)
    assert set(done) == SERVICES | set(STEPS)
    position = {name: place for place, name in enumerate(done)}
    for before, after in (
        ("postgres", "connectors migrate"),
        ("connectors migrate", "connectors load-sample"),
        ("connectors migrate", "mlflow"),
        ("kafka", "connect"),
        ("connect", "connectors register"),
        ("connectors load-sample", "connectors register"),
        ("connectors register", "worker"),
        ("connectors register", "watcher"),
        ("clickhouse apply", "worker"),
        ("worker", "clickhouse verify --wait 120"),
        ("clickhouse verify --wait 120", "stack dbt build --full-refresh"),
        ("stack dbt build --full-refresh", "training train --if-missing"),
        ("training create-buckets", "training train --if-missing"),
    ):
        assert position[before] < position[after], f"{before} before {after}"


def test_a_later_start_repeats_no_lasting_step(home: Home, happened: list[str]) -> None:
    start(home, happened)
    assert set(start(home, happened)) == SERVICES


Change = Callable[[Home, pytest.MonkeyPatch], None]


def a_further_contract(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    contracts = home.folder / "contracts"
    contracts.mkdir()
    (contracts / "tags.yml").write_text("table: tags")
    monkeypatch.setenv("DATAFLIX_CONTRACTS", str(contracts))


def another_password(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    with home.secrets_file.open("a") as file:
        file.write("DATAFLIX_POSTGRES_API_PASSWORD='another'\n")


def a_new_broker(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    data = home.folder / "kafka" / "data"
    data.mkdir(parents=True)
    (data / "meta.properties").write_text("cluster.id=1")


@pytest.mark.parametrize(
    ("change", "steps"),
    [(a_further_contract, set(STEPS)), (another_password, set(STEPS[:5])), (a_new_broker, set(STEPS[:5]))],
)
def test_what_has_changed_takes_effect(
    home: Home, happened: list[str], monkeypatch: pytest.MonkeyPatch, change: Change, steps: set[str]
) -> None:
    start(home, happened)
    change(home, monkeypatch)
    again = prepare_home(None, {})
    assert set(start(again, happened)) - SERVICES == steps


def test_a_connector_that_does_not_run_is_registered_again(
    home: Home, happened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    start(home, happened)
    monkeypatch.setattr(loading, "connector_runs", lambda _: False)
    assert set(start(home, happened)) - SERVICES == {"connectors register"}


def test_a_missing_champion_is_trained(home: Home, happened: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    start(home, happened)
    monkeypatch.setattr(loading, "has_champion", lambda _: False)
    assert set(start(home, happened)) - SERVICES == {"training train --if-missing"}


def test_a_start_that_failed_is_not_taken_for_loaded(
    home: Home, happened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_programs: Programs, program: str, *_arguments: str) -> None:
        if program == "stack":
            raise StepFailed("dbt failed.")

    monkeypatch.setattr(Programs, "run", fail)
    with pytest.raises(StepFailed):
        start(home, happened)
    assert not home.state().loaded


def test_a_step_that_fails_ends_with_the_last_lines_and_the_place_of_its_log(home: Home) -> None:
    with pytest.raises(StepFailed) as failure:
        Programs(home).run("stack", "logs", "nothing")
    said = str(failure.value)
    assert "`stack logs nothing` failed with exit code 2" in said
    assert "There is no service 'nothing'" in said
    assert str(home.logs / "stack-logs.log") in said


def test_sources_change_with_the_models_of_dbt_and_not_with_what_dbt_generates(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project: Any = tmp_path / "project"
    (project / "dbt" / "target").mkdir(parents=True)
    monkeypatch.setattr(loading, "PROJECT", project)
    first = Sources.of(home).marts
    (project / "dbt" / "target" / "manifest.json").touch()
    assert Sources.of(home).marts == first
    (project / "dbt" / "model.sql").write_text("select 1")
    assert Sources.of(home).marts != first
