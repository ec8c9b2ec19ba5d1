"""Where PostgreSQL lives: in the home, or for root's stack in a closed folder, where its account can reach it."""

from pathlib import Path

import pytest

from dataflix.settings import Settings
from stack.errors import ServiceFailed
from stack.home import Home
from stack.servers import postgres


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setattr(postgres, "_other_user", lambda: "nobody")
    monkeypatch.setattr(postgres, "ELSEWHERE", tmp_path / "elsewhere")
    folder = tmp_path / "home"
    folder.mkdir()
    return Home(Settings(home=folder))


@pytest.fixture
def open_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "_reaches", lambda _user, _folder: True)


@pytest.fixture
def closed_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "_reaches", lambda _user, _folder: False)


@pytest.mark.usefixtures("open_way")
def test_it_lives_in_a_home_that_its_account_can_reach(home: Home) -> None:
    postgres.settle(home)
    place = postgres.placement(home)
    assert place.data == home.folder / "postgres" / "data"
    assert place.user == "nobody"
    assert (place.programs / "postgres").is_file()


@pytest.mark.usefixtures("closed_way")
def test_it_lives_elsewhere_with_its_programs_when_the_way_is_closed(home: Home, tmp_path: Path) -> None:
    postgres.settle(home)
    place = postgres.placement(home)
    assert place.data.is_relative_to(tmp_path / "elsewhere")
    assert place.programs.is_relative_to(place.data.parent)


@pytest.mark.usefixtures("closed_way")
def test_two_closed_homes_do_not_share_a_place(home: Home, tmp_path: Path) -> None:
    (tmp_path / "second").mkdir()
    second = Home(Settings(home=tmp_path / "second"))
    for one in (home, second):
        postgres.settle(one)
    assert postgres.placement(home).data != postgres.placement(second).data


def test_what_was_decided_once_stands(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "_reaches", lambda _user, _folder: False)
    postgres.settle(home)
    before = postgres.placement(home)
    monkeypatch.setattr(postgres, "_reaches", lambda _user, _folder: True)
    postgres.settle(home)
    assert postgres.placement(home) == before


@pytest.mark.usefixtures("closed_way")
def test_data_in_a_home_that_was_closed_later_is_not_left_behind(home: Home) -> None:
    (home.folder / "postgres" / "data").mkdir(parents=True)
    with pytest.raises(ServiceFailed, match=r"nobody, which cannot reach .* any more"):
        postgres.settle(home)


def test_an_ordinary_persons_postgresql_runs_as_that_person(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "_other_user", lambda: None)
    monkeypatch.setattr(postgres, "_reaches", lambda _user, _folder: False)
    postgres.settle(home)
    place = postgres.placement(home)
    assert (place.user, place.data) == (None, home.folder / "postgres" / "data")


@pytest.mark.usefixtures("closed_way")
def test_purging_a_home_removes_its_place_elsewhere_and_no_other(home: Home, tmp_path: Path) -> None:
    postgres.settle(home)
    own = postgres.placement(home).data
    other = tmp_path / "elsewhere" / "other"
    for folder in (own, other):
        folder.mkdir(parents=True)
    postgres.remove_elsewhere(home.folder)
    assert not own.parent.exists()
    assert other.is_dir()


def test_a_record_that_names_a_folder_of_somebody_else_removes_nothing(home: Home, tmp_path: Path) -> None:
    (home.folder / "postgres").mkdir()
    precious = tmp_path / "precious"
    precious.mkdir()
    (home.folder / "postgres" / "moved-to").write_text(f"{precious}\n")
    postgres.remove_elsewhere(home.folder)
    assert precious.is_dir()


def test_no_value_of_a_row_and_no_statement_reaches_the_log() -> None:
    settings = dict(line.split(" = ") for line in postgres._CONFIGURATION.splitlines() if " = " in line)
    assert settings["log_error_verbosity"] == "terse"
    assert settings["log_min_error_statement"] == "panic"
    assert settings["log_statement"] == "none"
    assert settings["log_min_duration_statement"] == "-1"
    assert settings["log_min_messages"] == "log"
