import sys
from pathlib import Path

import pytest
from aiohttp.test_utils import unused_port

from clickhouse.__main__ import BAD_INPUT, DBT_SOURCES, FAILURE, main

CONTRACT = "table: tags\ndescription: Tags.\nkey: [id]\ncolumns: {id: {type: bigint, description: Number}}\n"


@pytest.fixture(autouse=True)
def nobody_answers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty home, and a port that nothing listens on for both databases."""
    port = str(unused_port())
    for name, value in {"HOME": str(tmp_path), "CLICKHOUSE_PORT": port, "POSTGRES_PORT": port}.items():
        monkeypatch.setenv(f"DATAFLIX_{name}", value)


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["clickhouse", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


@pytest.mark.parametrize("command", ["apply", "verify", "contracts apply", "contracts diff"])
def test_a_server_that_is_away_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    assert run(monkeypatch, *command.split()) == FAILURE
    said = capsys.readouterr().err
    assert said.startswith("ClickHouse does not answer at 127.0.0.1:")
    assert said.count("\n") == 1


def test_a_source_that_is_away_is_no_agreement(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "contracts", "check") == FAILURE
    assert capsys.readouterr().err.startswith("PostgreSQL does not answer at 127.0.0.1:")


def test_ddl_is_printed_without_any_server(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "ddl") == 0
    assert "CREATE TABLE IF NOT EXISTS raw.users" in capsys.readouterr().out


def test_a_table_without_a_contract_is_bad_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "verify", "--table", "nothing") == BAD_INPUT
    assert "No contract names the table" in capsys.readouterr().err


def test_stale_sources_of_dbt_are_a_failure_and_stay_untouched(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(monkeypatch, "dbt-sources", "--check") == 0
    before = DBT_SOURCES.read_bytes()
    (tmp_path / "tags.yml").write_text(CONTRACT, encoding="utf-8")
    monkeypatch.setenv("DATAFLIX_CONTRACTS", str(tmp_path))
    assert run(monkeypatch, "dbt-sources", "--check") == FAILURE
    assert "is not what the contracts say" in capsys.readouterr().err
    assert DBT_SOURCES.read_bytes() == before


@pytest.mark.parametrize("number", ["somebody", "-1", str(2**63)])
def test_only_a_number_names_a_person_to_forget(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], number: str
) -> None:
    assert run(monkeypatch, "forget", number) == BAD_INPUT
    assert "Traceback" not in capsys.readouterr().err


def test_nothing_is_deleted_while_clickhouse_is_away(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "forget", "7") == FAILURE
    assert capsys.readouterr().err.startswith("ClickHouse does not answer at 127.0.0.1:")


def test_without_a_contract_of_people_nobody_can_be_forgotten(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "tags.yml").write_text(CONTRACT, encoding="utf-8")
    monkeypatch.setenv("DATAFLIX_CONTRACTS", str(tmp_path))
    assert run(monkeypatch, "forget", "7") == FAILURE
    assert "No contract describes people" in capsys.readouterr().err
