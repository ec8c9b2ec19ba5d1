"""The images of the container tests, made on a machine that reaches no registry of images.

A base out of the distribution's packages stands for the image of Python that our Dockerfile begins with; another one
on it stands for the servers' public images. Ours are built by ``docker-compose build``, as anybody builds them.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from docker_daemon import Daemon

from dataflix.settings import PROJECT
from stack.environments import uv_environment

HERE = Path(__file__).parent
COMPOSE = PROJECT / "docker-compose.yml"
NAMESPACE = "dataflix-test"
BASE = f"{NAMESPACE}/python"
STAND_IN = f"{NAMESPACE}/stand-in"
_PACKAGES = "ca-certificates,python3,python3-pip,python3-venv"
_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
_PROXIES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


def distribution() -> str:
    """The release of Debian that our images are made on: ``bookworm``."""
    found = re.search(r"^ARG PYTHON_IMAGE=\S+-(\w+)$", (PROJECT / "docker" / "Dockerfile").read_text(), re.MULTILINE)
    assert found, "the Dockerfile names the image that it begins with"
    return found[1]


def build_arguments() -> dict[str, str]:
    """What a build is told here: its base, and the machine's proxies, which no image keeps."""
    return {"PYTHON_IMAGE": BASE} | {name: os.environ[name] for name in _PROXIES if name in os.environ}


def targets(profile: str = "") -> dict[str, str]:
    """Each service, of a profile or at all, that runs on an image of ours, and the target of the Dockerfile it is."""
    services = yaml.safe_load(COMPOSE.read_text())["services"]
    return {
        name: service["build"]["target"]
        for name, service in services.items()
        if "build" in service and (not profile or profile in service.get("profiles", ()))
    }


def override() -> dict[str, Any]:
    """Our images under names of the tests, built on the tests' base."""
    build = {"network": "host", "args": build_arguments()}
    return {
        "services": {name: {"image": f"{NAMESPACE}/{target}", "build": build} for name, target in targets().items()}
    }


def _mirror() -> list[str]:
    """Where this machine's apt takes the release from; debootstrap's own choice when apt does not tell."""
    command = ("apt-get", "indextargets", "--format", "$(CODENAME) $(SITE)", "Created-By: Packages")
    told = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    sites = (line.split() for line in told.splitlines())
    return [site for codename, site in sites if codename == distribution()][:1]


def _settings_of_the_machine(runtime: Path) -> dict[str, str]:
    """Where pip and uv find packages on this machine, for builds on it."""
    told = uv_environment(runtime)
    index = {"UV_DEFAULT_INDEX": "PIP_INDEX_URL", "UV_INDEX": "PIP_EXTRA_INDEX_URL"}
    found = {name: told[name] for name in index if name in told}
    return found | {index[name]: value for name, value in found.items()}


def make_base(daemon: Daemon, folder: Path, runtime: Path) -> None:
    """Make the base image, unless the daemon has it: Debian, Python, and the machine's certificates and mirrors."""
    if daemon.docker("image", "inspect", BASE, check=False).returncode == 0:
        return
    root = folder / "base"
    daemon.run("debootstrap", "--variant=minbase", f"--include={_PACKAGES}", distribution(), root, *_mirror())
    proxies = daemon.run("apt-config", "dump", "--no-empty", "Acquire::http::Proxy").stdout
    (root / "etc/apt/apt.conf.d/90proxy").write_text(proxies)
    if _CERTIFICATES.is_file():
        shutil.copy(_CERTIFICATES, root / _CERTIFICATES.relative_to("/"))
    for left in ("var/cache/apt/archives", "var/lib/apt/lists"):
        shutil.rmtree(root / left)
        (root / left / "partial").mkdir(parents=True)
    (root / "usr/bin/python").symlink_to("python3")
    told = _settings_of_the_machine(runtime) | {
        "PIP_BREAK_SYSTEM_PACKAGES": "1", "PIP_CERT": str(_CERTIFICATES), "SSL_CERT_FILE": str(_CERTIFICATES),
    }  # fmt: skip
    archive = folder / "base.tar"
    daemon.run("tar", "--directory", root, "--create", "--file", archive, ".")
    changes = [part for name, value in told.items() for part in ("--change", f"ENV {name}={value}")]
    daemon.docker("import", *changes, archive, BASE)
    archive.unlink()
    shutil.rmtree(root)


def make_stand_in(daemon: Daemon) -> None:
    """Make the image that the servers' stand-ins run on."""
    told = [part for name, value in build_arguments().items() for part in ("--build-arg", f"{name}={value}")]
    daemon.docker("build", "--network", "host", *told, "--tag", STAND_IN, HERE / "stand_ins")


def size_of(daemon: Daemon, image: str) -> int:
    """Megabytes."""
    told = daemon.docker("image", "inspect", "--format", "{{.Size}}", f"{NAMESPACE}/{image}").stdout
    return int(told) // 1_000_000


def remove_images(daemon: Daemon) -> None:
    """Remove what was made, unless the daemon keeps it for the next run."""
    if daemon.keeps_images:
        return
    made = daemon.docker("images", "--format", "{{.Repository}}", f"{NAMESPACE}/*").stdout.split()
    names = sorted({*made} - {STAND_IN, BASE})
    if daemon.docker("image", "rm", *names, STAND_IN, BASE, check=False).returncode:
        pytest.fail("Images of the tests could not be removed.")
