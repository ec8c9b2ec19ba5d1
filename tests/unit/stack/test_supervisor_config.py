"""The supervisor's configuration, read back as supervisord reads it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from supervisor.options import ServerOptions

from dataflix.errors import SettingsError
from dataflix.settings import Address, Settings
from stack.home import Home
from stack.service import Service, Tier, nothing
from stack.services import services
from stack.supervisor_config import render


@pytest.fixture
def home(tmp_path: Path) -> Home:
    folder = tmp_path / "a home"
    for name in ("supervisor", "logs"):
        (folder / name).mkdir(parents=True)
    return Home(Settings(home=folder))


def a_service(home: Home) -> Service:
    return Service(
        name="echo",
        summary="says what it is told",
        tier=Tier.APPLICATION,
        command=("/bin/echo", "two words", "100%"),
        address=Address("127.0.0.1", 1),
        url="",
        check=nothing,
        folder=home.folder,
        memory_mb=1,
        environment={"KEY": "a%b=c,d;e#f", "EMPTY": ""},
    )


Read = Callable[..., ServerOptions]


@pytest.fixture
def read(home: Home, tmp_path: Path) -> Read:
    def read(*services: Service) -> ServerOptions:
        path = tmp_path / "supervisord.conf"
        path.write_text(render(home, home.supervisor / "s.sock", services, 1024))
        options = ServerOptions()
        options.realize(["-c", str(path)], doc="")
        return options

    return read


def test_supervisord_reads_what_the_table_says(home: Home, read: Read) -> None:
    [group] = read(a_service(home)).process_group_configs
    [program] = group.process_configs
    assert program.name == "echo"
    assert program.command == "nice -n 5 /bin/echo 'two words' 100%"
    assert program.directory == str(home.folder)
    assert program.environment == {
        "DATAFLIX_HOME": str(home.folder),
        "DATAFLIX_SERVICE": "echo",
        "KEY": "a%b=c,d;e#f",
        "EMPTY": "",
    }
    assert program.stdout_logfile == str(home.logs / "echo.log")


def test_what_people_wait_for_goes_first(home: Home, read: Read) -> None:
    table = services(home)
    [answers] = [name for name, service in table.items() if not service.yields]
    [group] = read(table[answers]).process_group_configs
    [program] = group.process_configs
    assert answers == "api"
    assert not program.command.startswith("nice")


def test_a_service_that_dies_is_started_again_and_never_starts_by_itself(home: Home, read: Read) -> None:
    [group] = read(a_service(home)).process_group_configs
    [program] = group.process_configs
    assert program.autorestart.__name__ == "RestartUnconditionally"
    assert program.startretries >= 20
    assert not program.autostart


def test_children_are_ended_with_their_parent_but_postgresql_ends_its_own(home: Home, read: Read) -> None:
    postgres = replace(a_service(home), name="postgres", stop_signal="INT")
    by_name = {group.name: group.process_configs[0] for group in read(a_service(home), postgres).process_group_configs}
    assert by_name["echo"].stopasgroup
    assert not by_name["postgres"].stopasgroup
    assert by_name["postgres"].killasgroup


@pytest.mark.parametrize("name", ["100%", "a #b", "a'b", "a,b", "a:b", "a\\b"])
def test_a_home_that_the_supervisor_cannot_write_down_is_refused(tmp_path: Path, name: str) -> None:
    home = Home(Settings(home=tmp_path / name))
    with pytest.raises(SettingsError, match="choose another"):
        render(home, home.supervisor / "s.sock", [], 1024)


@pytest.mark.parametrize("value", ['a"b', "a'b", "a\nb", "a ;b", "a #b"])
def test_a_value_that_would_be_cut_short_is_refused_by_its_name(home: Home, value: str) -> None:
    service = replace(a_service(home), environment={"KEY": value})
    with pytest.raises(SettingsError, match="KEY holds"):
        render(home, home.supervisor / "s.sock", [service], 1024)
