"""Dataflix on containers as its people use it, with the interface of the embedded stack's tests."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import clickhouse_connect
import httpx
from clickhouse_connect.driver.client import Client
from docker_daemon import Daemon
from images import COMPOSE, HERE
from object_store import ObjectStore
from running_stack import Stack, patiently

from dataflix.settings import Settings

PROJECT_NAME = "dataflix-test"
# What the gateways let people reach
PUBLISHED = ("api", "mlflow", "airflow", "superset")
# What `bin/dataflix` does in a process of its own, and which service's container does it here
_COMMANDS: Mapping[str, tuple[str, ...]] = {
    "dbt": ("marts", "-m", "dbt.cli.main"),
    "forget": ("forget", "--yes"),
    "train": ("train", "-m", "training", "train"),
    "verify": ("settle", "-m", "clickhouse", "verify"),
}


@dataclass(frozen=True, slots=True)
class Container:
    """One container, as Docker tells of it."""

    told: dict[str, Any]

    @property
    def service(self) -> str:
        return str(self.told["Config"]["Labels"]["com.docker.compose.service"])

    @property
    def number(self) -> int:
        return int(self.told["Config"]["Labels"]["com.docker.compose.container-number"])

    @property
    def name(self) -> str:
        return str(self.told["Name"]).removeprefix("/")

    @property
    def pid(self) -> int:
        """Of its first process, on this machine; 0 when it does not run."""
        return int(self.told["State"]["Pid"])

    @property
    def is_step(self) -> bool:
        """Whether it runs to its end: then it has no health check."""
        return "Health" not in self.told["State"]

    @property
    def is_well(self) -> bool:
        """Whether it is healthy; a step, whether it went through."""
        state = self.told["State"]
        if self.is_step:
            return bool(state["Status"] == "exited" and state["ExitCode"] == 0)
        return self.pid != 0 and bool(state["Health"]["Status"] == "healthy")

    @property
    def exit_code(self) -> int:
        return int(self.told["State"]["ExitCode"])

    @property
    def bounds(self) -> dict[str, Any]:
        """What it may use and do."""
        bounds: dict[str, Any] = self.told["HostConfig"]
        return bounds

    @property
    def networks(self) -> dict[str, str]:
        """Its address in each."""
        return {name: str(network["IPAddress"]) for name, network in self.told["NetworkSettings"]["Networks"].items()}

    @property
    def address(self) -> str:
        """Where it is in the network of all."""
        [address] = (address for name, address in self.networks.items() if name.endswith("_inside"))
        return address


@dataclass
class Containers(Stack):
    """The system of docker-compose.yml; ``home`` holds its ``.env``, ``environment`` its ports and stand-ins."""

    daemon: Daemon = field(kw_only=True)
    object_store: ObjectStore = field(kw_only=True)

    def compose(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run ``docker-compose`` on the shipped file and what the tests put beside it."""
        files = (COMPOSE, HERE / "stand_ins.yml", self.object_store.file, self.home / "ours.json")
        named = [part for file in files for part in ("--file", file)]
        machine = Daemon(self.daemon.environment | self.environment | self.object_store.settings, keeps_images=True)
        return machine.run(
            "docker-compose", "--project-name", PROJECT_NAME, "--env-file", self.home / ".env", *named, *arguments,
            check=check,
        )  # fmt: skip

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """What ``bin/dataflix`` with these arguments does, in a container that ends with it."""
        command, *rest = arguments
        return self.compose("run", "--rm", "--no-deps", "-T", *_COMMANDS[command], *rest, check=False)

    def containers(self, *services: str) -> list[Container]:
        """All containers, of steps too, or those of ``services``, by their numbers."""
        labels = (f"project={PROJECT_NAME}", "oneoff=False")
        chosen = [part for label in labels for part in ("--filter", f"label=com.docker.compose.{label}")]
        ids = self.daemon.docker("ps", "--all", "--quiet", *chosen).stdout.split()
        told = json.loads(self.daemon.docker("inspect", *ids).stdout) if ids else []
        found = (container for container in map(Container, told) if not services or container.service in services)
        return sorted(found, key=lambda container: (container.service, container.number))

    def running(self) -> list[Container]:
        """The containers that stay."""
        return [container for container in self.containers() if not container.is_step]

    def status(self) -> dict[str, Any]:
        return {
            "services": [
                {"name": container.service, "pid": container.pid, "healthy": container.is_well}
                for container in self.running()
            ]
        }

    def settle(self) -> None:
        """Wait until every container that stays is healthy, and every step went through."""
        for attempt in patiently(600):
            with attempt:
                assert [container.name for container in self.containers() if not container.is_well] == []

    def take_down(self) -> None:
        """End all of it, and remove what it stored."""
        self.compose("--profile", "full", "down", "--volumes", "--remove-orphans")

    def logs(self, container: Container) -> str:
        """All that it said."""
        said = self.daemon.docker("logs", container.name)
        return said.stdout + said.stderr

    @property
    def settings(self) -> Settings:
        found = self.containers("postgres", "clickhouse")
        hosts = {f"{container.service}_host": container.address for container in found}
        ports = {f"{name}_port": int(self.environment[f"DATAFLIX_{name.upper()}_PORT"]) for name in PUBLISHED}
        return Settings(_env_file=self.home / ".env", home=self.home, **hosts, **ports)

    @cached_property
    def api(self) -> httpx.Client:
        settings = self.settings
        headers = {"Authorization": f"Bearer {settings.api_token.get_secret_value()}"}
        return httpx.Client(base_url=settings.api.url, headers=headers, timeout=30)

    @property
    def clickhouse(self) -> Client:  # type: ignore[override]
        """ClickHouse, as its administrator; it may have another address than a moment ago."""
        settings = self.settings
        return clickhouse_connect.get_client(
            host=settings.clickhouse.host,
            port=settings.clickhouse.port,
            username="admin",
            password=settings.clickhouse_admin_password.get_secret_value(),
        )


def stand_in_settings(packages: Path, weed: Path, jars: Path) -> dict[str, str]:
    """Where the stand-ins find what they serve with."""
    return {
        "DATAFLIX_TEST_PACKAGES": str(packages),
        "DATAFLIX_TEST_WEED": str(weed),
        "DATAFLIX_TEST_JARS": str(jars),
    }
