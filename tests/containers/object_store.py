"""The object store of the container tests: MinIO's own server, built from its Go module, or SeaweedFS in its place."""

import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from images import COMPOSE, HERE

_MINIO = HERE / "minio.yml"
_SEAWEEDFS = HERE / "seaweedfs.yml"


@dataclass(frozen=True, slots=True)
class ObjectStore:
    """Which server it is, the file that puts it in its place, and what that file is told."""

    description: str
    file: Path
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def is_minio(self) -> bool:
        """Whether the server is the one that docker-compose.yml names."""
        return self.file == _MINIO


def shipped() -> dict[str, Any]:
    """The service as docker-compose.yml has it."""
    service: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())["services"]["s3"]
    return service


def release() -> str:
    """The one that docker-compose.yml pins: ``RELEASE.2025-09-07T16-13-09Z``."""
    return str(shipped()["image"]).rpartition(":")[2]


def _linker_flags(package: str, commit: str) -> str:
    """What MinIO's own build tells the server of itself; without it, it knows no release."""
    date, _, time = release().removeprefix("RELEASE.").partition("T")
    told = {
        "Version": f"{date}T{time.replace('-', ':')}",
        "CopyrightYear": date[:4],
        "ReleaseTag": release(),
        "CommitID": commit,
        "ShortCommitID": commit,
    }
    return " ".join(["-s -w", *(f"-X {package}.{name}={value}" for name, value in told.items())])


def _build(go: str, module: str, folder: Path, binaries: Path) -> subprocess.CompletedProcess[str]:
    """Build the server with what earlier builds left in ``folder``."""
    name, _, version = module.partition("@")
    # With its work beside them, what is built is moved to the binaries as a whole
    places = {"GOPATH": folder / "path", "GOCACHE": folder / "cache", "GOTMPDIR": folder, "GOBIN": binaries}
    # A program that needs no library of the machine that it is built on
    chosen = {"CGO_ENABLED": "0", "GOFLAGS": ""} | {variable: str(place) for variable, place in places.items()}
    flags = _linker_flags(f"{name}/cmd", version.rpartition("-")[2])
    return subprocess.run(
        [go, "install", "-trimpath", "-ldflags", flags, module],
        env=os.environ | chosen, cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip


def object_store(folder: Path) -> ObjectStore:
    """MinIO, built in ``folder``, where there is Go and where its modules are reached; else SeaweedFS, and why."""
    module = str(yaml.safe_load(_MINIO.read_text())["x-module"])
    binaries = folder.resolve() / module.rpartition("@")[2]
    minio = ObjectStore(f"MinIO {release()}", _MINIO, {"DATAFLIX_TEST_MINIO": str(binaries / "minio")})
    if (binaries / "minio").is_file():
        return minio
    go = shutil.which("go")
    if go is None:
        return ObjectStore("SeaweedFS in the place of MinIO: no `go` on PATH builds it", _SEAWEEDFS)
    folder.mkdir(parents=True, exist_ok=True)
    built = _build(go, module, folder, binaries)
    if built.returncode:
        why = " ".join(built.stderr.strip().splitlines()[-1:])
        return ObjectStore(f"SeaweedFS in the place of MinIO, which cannot be built here: {why}", _SEAWEEDFS)
    return minio
