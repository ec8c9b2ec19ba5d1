"""docker-compose.yml: what its containers may do, what they are given, and who makes it."""

import re
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_file import BY_HAND, COMPOSE, DOCKERFILE, FILE, GATEWAYS, SERVICES, STEPS, environment

from dataflix.settings import PROJECT, Settings
from stack.containers import keep_credentials
from stack.home import PREFIX, read_env
from stack.testing import DOCKERFILES

_VARIABLE = re.compile(r"\$\{(\w+)(?:(:[-?])([^}]*))?\}")
# dbt's own, named in its profile
_OF_DBT = frozenset({f"{PREFIX}DBT_HOST", f"{PREFIX}DBT_PASSWORD"})


def strings(value: object) -> list[str]:
    """Every text in a tree of YAML."""
    if isinstance(value, dict):
        return [text for part in value.values() for text in strings(part)]
    if isinstance(value, list):
        return [text for part in value for text in strings(part)]
    return [str(value)]


def stand_ins(name: str) -> dict[str, Any]:
    """A file that the container tests put beside docker-compose.yml."""
    read: dict[str, Any] = yaml.safe_load((PROJECT / "tests" / "containers" / f"{name}.yml").read_text())
    return read


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_each_service_has_bounds_and_no_more_rights_than_it_needs(service: str) -> None:
    definition = SERVICES[service]
    assert re.fullmatch(r"\d+[mg]", definition["mem_limit"])
    assert definition["cap_drop"] == ["ALL"]
    assert definition["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in definition
    assert re.fullmatch(r".+:.*\d.*", definition["image"]), "an image without a version is another one tomorrow"
    if service in STEPS | BY_HAND:
        assert definition["restart"] == "no"
        return
    assert definition["restart"] == "unless-stopped"
    check = definition["healthcheck"]
    assert check["test"][0] == "CMD"
    assert check["interval"]
    assert check["retries"]


@pytest.mark.parametrize("service", sorted(name for name in SERVICES if "build" in SERVICES[name]))
def test_our_images_run_on_a_file_system_that_they_cannot_change(service: str) -> None:
    assert SERVICES[service]["read_only"] is True
    target = SERVICES[service]["build"]["target"]
    assert re.search(rf"^FROM \S+ AS {target}\n(?:(?!FROM).*\n)*USER 10001$", DOCKERFILE, re.MULTILINE)


def test_what_an_image_copies_is_there_and_is_let_through() -> None:
    sources = re.findall(r"^COPY (?!--from)(\S+) ", DOCKERFILE, re.MULTILINE)
    allowed = (PROJECT / ".dockerignore").read_text().splitlines()
    assert sources
    for source in sources:
        assert (PROJECT / source).exists(), source
        assert any((PROJECT / source).match(rule.removeprefix("!")) for rule in allowed if rule[:1] == "!"), source


def test_every_dockerfile_is_linted() -> None:
    found = {
        path.relative_to(PROJECT) for folder in ("docker", "tests") for path in PROJECT.glob(f"{folder}/**/Dockerfile")
    }
    assert {Path(name) for name in DOCKERFILES} == found


def test_every_public_image_has_a_stand_in_where_no_registry_is_reached() -> None:
    always, minio, seaweedfs = (stand_ins(name)["services"].keys() for name in ("stand_ins", "minio", "seaweedfs"))
    assert minio == seaweedfs == {"s3"}
    assert always | minio == {name for name in SERVICES if "build" not in SERVICES[name]}


def test_the_minio_that_tests_build_is_of_the_release_that_is_pinned() -> None:
    built = re.fullmatch(r".+@v0\.0\.0-(\d{14})-[0-9a-f]{12}", stand_ins("minio")["x-module"])
    pinned = re.fullmatch(r".+:RELEASE\.([\dT-]+)Z", SERVICES["s3"]["image"])
    assert built
    assert pinned
    assert built[1] == re.sub(r"\D", "", pinned[1])


def test_packages_are_held_by_their_hashes() -> None:
    installs = re.findall(r"pip install .*", DOCKERFILE)
    assert installs
    assert all("--require-hashes" in line and "--no-deps" in line for line in installs)


def test_every_setting_that_a_container_is_given_exists() -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields} | _OF_DBT
    given = {name for service in SERVICES for name in environment(service) if name.startswith(PREFIX)}
    assert given - known == set()


def test_a_secret_comes_out_of_the_file_that_env_writes_and_has_no_default(tmp_path: Path) -> None:
    keep_credentials(tmp_path / ".env")
    made = {name for name in read_env(tmp_path / ".env") if name.startswith(PREFIX)}
    wanted = set()
    for text in strings(COMPOSE):
        for name, operator, _ in _VARIABLE.findall(text):
            if name in made:
                assert operator == ":?", f"{name} may not be empty"
                wanted.add(name)
            else:
                assert operator == ":-", f"{name} is not written by `bin/dataflix env`, and has no default"
                assert not name.endswith(("PASSWORD", "KEY", "TOKEN")) or name == f"{PREFIX}S3_ACCESS_KEY"
    assert f"{PREFIX}MASKING_KEY" in wanted
    for service in SERVICES:
        for name, value in environment(service).items():
            if name.startswith(PREFIX) and name.endswith(("PASSWORD", "SECRET_KEY", "MASKING_KEY", "TOKEN")):
                assert _VARIABLE.fullmatch(value), f"{name} of {service} stands in the file"


def test_a_choice_that_is_not_made_is_the_default_of_the_setting() -> None:
    defaults = {PREFIX + name.upper(): field.default for name, field in Settings.model_fields.items()}
    found = {
        (name, value)
        for text in strings(COMPOSE)
        for name, operator, value in _VARIABLE.findall(text)
        if operator == ":-"
    }
    assert found
    for name, value in found:
        assert value == str(defaults[name]), name


@pytest.mark.parametrize("service", ["worker", "watcher", "api", "migrate", "train"])
def test_programs_find_each_other_by_the_names_of_their_services(service: str) -> None:
    for name, value in environment(service).items():
        if name.endswith("_HOST") and value != "0.0.0.0":  # noqa: S104 - what it binds itself
            assert value == name.removeprefix(PREFIX).removesuffix("_HOST").lower()
            assert value in SERVICES


def test_only_the_gateway_is_reached_from_outside_and_from_this_machine_alone() -> None:
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    assert {name for name in SERVICES if "ports" in SERVICES[name]} == GATEWAYS
    for gateway, names in (("gateway", ("api", "mlflow")), ("gateway-full", ("airflow", "superset"))):
        ports = {name: Settings.model_fields[f"{name}_port"].default for name in names}
        assert SERVICES[gateway]["ports"] == [
            f"127.0.0.1:${{{PREFIX}{name.upper()}_PORT:-{port}}}:{port}" for name, port in ports.items()
        ]
    assert all(SERVICES[name]["networks"] == ["inside"] for name in SERVICES.keys() - GATEWAYS)


@pytest.mark.parametrize("gateway", sorted(GATEWAYS))
def test_a_gateway_listens_where_it_publishes_and_asks_who_is_there(gateway: str) -> None:
    paths = [Path(part) for part in SERVICES[gateway]["command"] if part.endswith(".cfg")]
    text = "".join((PROJECT / "docker" / "gateway" / path.name).read_text() for path in paths)
    published = {port.rpartition(":")[2] for port in SERVICES[gateway]["ports"]}
    assert set(re.findall(r"bind :(\d+)", text)) == published
    asked = dict(re.findall(r"server-template \w+ \d+ ([\w-]+):(\d+)", text))
    assert set(asked.values()) == published
    assert asked.keys() <= SERVICES.keys()


@pytest.mark.parametrize("service", ["worker", "watcher", "api", "clickhouse", "s3", "connect", "mlflow", "superset"])
def test_a_health_check_asks_at_the_port_of_the_setting(service: str) -> None:
    port = Settings.model_fields[f"{service}_port"].default
    assert f":{port}/" in " ".join(SERVICES[service]["healthcheck"]["test"])


def test_credentials_are_for_the_owner_only_and_stay(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    new = keep_credentials(file)
    first = read_env(file)
    assert set(new) == first.keys()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    random = {name: value for name, value in first.items() if name.startswith(PREFIX)}
    assert len(set(random.values())) == len(random)
    assert min(map(len, random.values())) >= 32
    assert keep_credentials(file) == []
    assert read_env(file) == first


def test_one_credential_that_was_taken_out_is_made_anew(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    keep_credentials(file)
    before = read_env(file)
    lost = f"{PREFIX}POSTGRES_API_PASSWORD"
    file.write_text("\n".join(line for line in file.read_text().splitlines() if not line.startswith(lost)) + "\n")
    assert keep_credentials(file) == [lost]
    after = read_env(file)
    assert {name for name in before if before[name] != after[name]} == {lost}


@pytest.mark.skipif(shutil.which("docker-compose") is None, reason="docker-compose is not installed")
def test_docker_compose_accepts_it_with_credentials_and_refuses_it_without(tmp_path: Path) -> None:
    env, nothing = tmp_path / ".env", tmp_path / "nothing"
    keep_credentials(env)
    nothing.touch()

    def config(env_file: Path) -> subprocess.CompletedProcess[str]:
        command = ["docker-compose", "--env-file", str(env_file), "--file", str(FILE), "config", "--quiet"]
        clean = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(tmp_path)}
        return subprocess.run(command, env=clean, cwd=tmp_path, capture_output=True, text=True, check=False)

    accepted = config(env)
    assert accepted.returncode == 0, accepted.stderr
    refused = config(nothing)
    assert refused.returncode != 0
    assert "run bin/dataflix env" in refused.stderr
