"""Where it can be built, the object store is MinIO's own server, told and asked as docker-compose.yml says."""

import pytest
from containers import Container, Containers
from object_store import release, shipped


@pytest.fixture
def minio(stack: Containers) -> Container:
    """Its container; skips where another server stands in for it."""
    if not stack.object_store.is_minio:
        pytest.skip(stack.object_store.description)
    [container] = stack.containers("s3")
    return container


def test_it_is_of_the_release_that_is_pinned(stack: Containers, minio: Container) -> None:
    told = stack.daemon.docker("exec", minio.name, "minio", "--version").stdout
    assert f"minio version {release()} " in told


def test_its_command_and_its_health_check_are_those_that_are_shipped(minio: Container) -> None:
    configured = minio.told["Config"]
    assert configured["Entrypoint"] == ["minio"]
    assert configured["Cmd"] == shipped()["command"]
    assert configured["Healthcheck"]["Test"] == shipped()["healthcheck"]["test"]
    assert minio.is_well
