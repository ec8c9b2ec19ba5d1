"""What docker-compose.yml says of rights and bounds is what holds for the processes that run."""

import re
from pathlib import Path

import pytest
from containers import Container, Containers
from images import targets

NOBODY_ON_THE_HOST = 10_001
OURS = sorted({"worker", "watcher", "api", "mlflow"})
# The image of MinIO has no other user
AS_ROOT = {"s3"}
# Their public images write beside their volumes
WRITERS = {"kafka", "connect", "s3"}
GATEWAYS = {"gateway", "gateway-full"}
KILLED = 137


def status_of(container: Container) -> dict[str, str]:
    """The kernel's own account of a container's first process."""
    lines = (line.partition(":") for line in Path(f"/proc/{container.pid}/status").read_text().splitlines())
    return {name: value.strip() for name, _, value in lines}


def test_no_process_has_a_capability_or_can_gain_one(stack: Containers) -> None:
    for container in stack.running():
        status = status_of(container)
        sets = {name: int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")}
        assert not any(sets.values()), (container.name, sets)
        assert status["NoNewPrivs"] == "1", container.name
        assert status["Seccomp"] == "2", container.name


def test_no_process_is_root(stack: Containers) -> None:
    users = {container.service: int(status_of(container)["Uid"].split()[0]) for container in stack.running()}
    assert {service for service, user in users.items() if user == 0} == AS_ROOT
    assert users.keys() >= set(OURS)
    assert {users[service] for service in users.keys() & targets().keys()} == {NOBODY_ON_THE_HOST}


def test_the_file_system_cannot_be_changed(stack: Containers) -> None:
    found = [container for container in stack.running() if container.service not in WRITERS]
    assert {container.service for container in found} >= {*OURS, "postgres", "clickhouse", "gateway"}
    for container in found:
        mounts = Path(f"/proc/{container.pid}/mounts").read_text().splitlines()
        options = {fields[1]: fields[3].split(",") for fields in map(str.split, mounts)}
        assert "ro" in options["/"], container.name
        assert "rw" in options["/tmp"], container.name
        written = stack.daemon.docker("exec", "--user", "root", container.name, "touch", "/usr/changed", check=False)
        assert "Read-only file system" in written.stderr, container.name


def test_memory_and_processes_are_bounded(stack: Containers) -> None:
    for container in stack.containers():
        assert 0 < container.bounds["Memory"] <= 3 << 30, container.name
        assert container.service not in targets() or container.bounds["PidsLimit"] == 256, container.name


def test_all_but_the_gateway_meet_in_a_network_without_a_way_out(stack: Containers) -> None:
    networks = {container.service: set(container.networks) for container in stack.containers()}
    out = networks.pop("gateway")
    [inside] = set.union(*networks.values())
    told = stack.daemon.docker("network", "inspect", "--format", "{{.Name}} {{.Internal}}", *out).stdout
    assert [name for name, internal in map(str.split, told.splitlines()) if internal == "true"] == [inside]


def test_only_the_gateways_publish_ports_and_on_loopback(stack: Containers) -> None:
    published = {
        container.service: {port["HostIp"] for ports in bindings.values() for port in ports}
        for container in stack.containers()
        if (bindings := container.bounds["PortBindings"])
    }
    assert published.keys() <= GATEWAYS
    assert set().union(*published.values()) == {"127.0.0.1"}


def test_without_its_token_the_api_answers_nobody(stack: Containers) -> None:
    assert stack.api.get("/recommendations/1", headers={"Authorization": ""}).status_code == 401


def test_no_image_and_no_command_line_holds_a_credential(stack: Containers) -> None:
    secrets = re.findall(r"^DATAFLIX_\w+='?([^'\n]{32,})'?$", (stack.home / ".env").read_text(), re.MULTILINE)
    assert len(secrets) > 10
    for container in stack.running():
        image = stack.daemon.docker("image", "inspect", container.told["Image"]).stdout
        line = Path(f"/proc/{container.pid}/cmdline").read_text()
        assert not [secret for secret in secrets if secret in image or secret in line], container.name


@pytest.mark.parametrize(
    "service", ["worker", "watcher", "api", "mlflow", "connect", "kafka", "postgres", "clickhouse"]
)
def test_a_stop_is_heard_by_the_first_process(stack: Containers, service: str) -> None:
    stack.compose("stop", service)
    [stopped] = stack.containers(service)
    stack.compose("start", service)
    stack.settle()
    assert stopped.exit_code != KILLED
