"""Who may ask what: tokens, scopes and limits."""

import os
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from serving import PERSON, Client, an_api
from test_api_wiring import start
from typer.testing import CliRunner

from api.__main__ import cli
from api.access import is_loopback
from api.rate_limit import RateLimit
from api.tokens import KnownTokens, Scope, TokenFile, digest
from dataflix.errors import NotFound, SettingsError
from dataflix.settings import Settings

EVERYWHERE = "0.0.0.0"  # noqa: S104 nothing is bound to it


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def tokens(tmp_path: Path) -> dict[Scope, dict[str, str]]:
    """The header that bears a token of each scope; they are known in the home ``tmp_path``."""
    file = TokenFile(tmp_path)
    return {scope: {"Authorization": f"Bearer {file.create(scope.value, scope)}"} for scope in Scope}


@asynccontextmanager
async def serving(home: Path, host: str = EVERYWHERE, **settings: float | str) -> AsyncIterator[Client]:
    """An API that believes itself reachable by others, with one person and one movie."""
    chosen = Settings.model_validate({"home": home, "api_host": host, **settings})
    async with an_api(settings=chosen).client() as client:
        yield client


async def test_who_is_reached_by_others_asks_for_a_token(tmp_path: Path, tokens: dict[Scope, dict[str, str]]) -> None:
    async with serving(tmp_path) as client:
        without = await client.get("/movies")
        unknown = await client.get("/movies", headers={"Authorization": "Bearer dataflix_nothing"})
        basic = await client.get("/movies", headers={"Authorization": "Basic YTpi"})
        known = await client.get("/movies", headers=tokens[Scope.READ])
    assert [answer.status for answer in (without, unknown, basic, known)] == [401, 401, 401, 200]
    assert without.headers["WWW-Authenticate"] == "Bearer"
    assert 'error="invalid_token"' in unknown.headers["WWW-Authenticate"]
    assert without.content_type == "application/problem+json"


@pytest.mark.parametrize("path", ["/health", "/ready", "/openapi.json"])
async def test_health_and_the_document_need_no_token(
    tmp_path: Path, tokens: dict[Scope, dict[str, str]], path: str
) -> None:
    assert tokens
    async with serving(tmp_path) as client:
        assert (await client.get(path)).status == 200


@pytest.mark.parametrize("path", ["/metrics", "/users", "/nothing", "/recommendations/1"])
async def test_everything_else_does(tmp_path: Path, tokens: dict[Scope, dict[str, str]], path: str) -> None:
    assert tokens
    async with serving(tmp_path) as client:
        assert (await client.get(path)).status == 401


async def test_reading_is_not_writing(tmp_path: Path, tokens: dict[Scope, dict[str, str]]) -> None:
    async with serving(tmp_path) as client:
        refused = await client.post("/users", json=PERSON, headers=tokens[Scope.READ])
        written = await client.post("/users", json=PERSON, headers=tokens[Scope.WRITE])
        deleted = await client.delete("/users/1", headers=tokens[Scope.READ])
    assert [refused.status, written.status, deleted.status] == [403, 201, 403]
    assert 'scope="write"' in refused.headers["WWW-Authenticate"]


@pytest.mark.parametrize("path", ["/users", "/users/1"])
async def test_names_and_addresses_are_shown_to_the_administrator_alone(
    tmp_path: Path, tokens: dict[Scope, dict[str, str]], path: str
) -> None:
    async with serving(tmp_path) as client:
        assert (await client.post("/users", json=PERSON, headers=tokens[Scope.WRITE])).status == 201
        whole = await (await client.get(path, headers=tokens[Scope.ADMIN])).text()
        others = [await (await client.get(path, headers=tokens[scope])).text() for scope in (Scope.READ, Scope.WRITE)]
    for name in ("username", "email", "first_name", "last_name"):
        assert str(PERSON[name]) in whole
        assert all(str(PERSON[name]) not in text for text in others)


async def test_whoever_is_on_this_machine_sees_people_masked(tmp_path: Path) -> None:
    async with serving(tmp_path, host="127.0.0.1") as client:
        await client.post("/users", json=PERSON)
        assert str(PERSON["email"]) not in await (await client.get("/users")).text()


async def test_a_token_that_is_used_too_often_waits_and_others_do_not(
    tmp_path: Path, tokens: dict[Scope, dict[str, str]]
) -> None:
    async with serving(tmp_path, api_requests_per_second=0.001) as client:
        first, second = [await client.get("/movies", headers=tokens[Scope.READ]) for _ in range(2)]
        other = await client.get("/movies", headers=tokens[Scope.WRITE])
    assert [first.status, second.status, other.status] == [200, 429, 200]
    assert int(second.headers["Retry-After"]) >= 1


@given(st.lists(st.floats(min_value=0, max_value=5), max_size=60))
def test_no_caller_passes_more_often_than_burst_and_rate_allow(pauses: list[float]) -> None:
    clock = Clock()
    limit = RateLimit(rate=2, burst=3, clock=clock)
    passed = 0
    for pause in pauses:
        clock.now += pause
        passed += limit.take("ada") == 0
        assert passed <= 3 + 2 * clock.now + 1e-6


def test_who_waits_as_long_as_was_said_passes() -> None:
    clock = Clock()
    limit = RateLimit(rate=2, burst=1, clock=clock)
    assert limit.take("ada") == 0
    clock.now += limit.take("ada") + 1e-9
    assert limit.take("ada") == 0


@pytest.mark.parametrize(
    ("host", "own"),
    [
        *((host, True) for host in ("127.0.0.1", "127.8.8.8", "::1", "localhost")),
        *((host, False) for host in (EVERYWHERE, "::", "10.0.0.1", "example.net", "")),
    ],
)
def test_only_loopback_is_this_machine_alone(host: str, own: bool) -> None:
    assert is_loopback(host) is own


def test_reached_by_others_it_does_not_start_without_tokens(tmp_path: Path) -> None:
    refused = start(tmp_path, api_host=EVERYWHERE)
    assert refused.returncode == 2
    assert "bin/dataflix token create" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_of_a_token_only_its_hash_is_kept_in_a_file_of_its_owner(tmp_path: Path) -> None:
    file = TokenFile(tmp_path)
    text = file.create("reader", Scope.READ)
    kept = file.path.read_text()
    assert text not in kept
    assert digest(text) in kept
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600


async def test_the_token_of_the_settings_is_known_beside_those_of_the_file(tmp_path: Path) -> None:
    given = "dataflix_of_the_settings"
    async with serving(tmp_path, api_token=given) as client:
        known = await client.get("/movies", headers={"Authorization": f"Bearer {given}"})
        unknown = await client.get("/movies", headers={"Authorization": f"Bearer {given}x"})
    assert [answer.status for answer in (known, unknown)] == [200, 401]


def test_the_token_of_the_settings_is_never_written_and_cannot_be_revoked(tmp_path: Path) -> None:
    file = TokenFile(tmp_path, "dataflix_of_the_settings")
    file.create("reader", Scope.READ)
    assert [token.name for token in file.read()] == ["settings", "reader"]
    assert [token.name for token in TokenFile(tmp_path).read()] == ["reader"]
    with pytest.raises(SettingsError):
        file.create("settings", Scope.READ)
    with pytest.raises(NotFound):
        file.revoke("settings")


def test_a_name_serves_once_and_a_token_is_revoked_once(tmp_path: Path) -> None:
    file = TokenFile(tmp_path)
    file.create("reader", Scope.READ)
    for name in ("reader", "Reader", "", "../x"):
        with pytest.raises(SettingsError):
            file.create(name, Scope.READ)
    file.revoke("reader")
    with pytest.raises(NotFound):
        file.revoke("reader")
    assert file.read() == ()


def test_a_running_api_takes_up_what_is_created_and_revoked(tmp_path: Path) -> None:
    clock, file = Clock(), TokenFile(tmp_path)
    known = KnownTokens(file, clock)
    text = file.create("reader", Scope.READ)
    clock.now += 1
    found = known.find(text)
    assert found is not None
    assert (found.name, found.scope) == ("reader", Scope.READ)
    file.revoke("reader")
    clock.now += 1
    assert known.find(text) is None


def test_a_file_that_breaks_while_serving_lets_nobody_in(tmp_path: Path) -> None:
    clock, file = Clock(), TokenFile(tmp_path)
    text = file.create("reader", Scope.READ)
    known = KnownTokens(file, clock)
    file.path.write_text("[{")
    clock.now += 1
    assert known.find(text) is None
    with pytest.raises(SettingsError):
        file.read()


def test_the_command_tells_a_token_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "DATAFLIX_HOME", str(tmp_path))
    run = CliRunner().invoke
    text = run(cli, ["token", "create", "reader", "--scope", "write"]).stdout.strip()
    listed = run(cli, ["token", "list"]).stdout
    assert KnownTokens(TokenFile(tmp_path)).find(text) is not None
    assert "reader" in listed
    assert "write" in listed
    assert text not in listed
    assert run(cli, ["token", "revoke", "reader"]).exit_code == 0
    assert TokenFile(tmp_path).read() == ()
