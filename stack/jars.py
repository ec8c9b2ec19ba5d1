"""The Java programs as locked sets of jars: resolved by jgo into ``requirements/jars/*.lock``, installed by hash.

A set is a folder of jars with a class path of its own: one class path for all would mix Jetty's versions. A lock
holds a line per jar, ``group:artifact:version sha256:<digest>``, and names no host.
"""

import hashlib
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import requests
from jgo.config import GlobalSettings
from jgo.constants import MAVEN_CENTRAL_URL
from jgo.maven import Artifact, MavenContext
from jgo.parse import Coordinate

from dataflix.settings import PROJECT
from stack.environments import locked
from stack.errors import InstallFailed
from stack.progress import Steps

FOLDER = PROJECT / "requirements" / "jars"
# By set: its folder. Connect takes every folder below plugins for a connector of its own class path
SETS = {"kafka": "kafka", "connect": "connect", "debezium": "plugins/debezium"}
_HEADING = "# Resolved by `bin/dataflix lock` from {name}.in: one jar a line, held by its SHA-256."
_MARKER = ".dataflix-complete"
_REPOSITORY = "repository"
_DOWNLOADS = 8
_TIMEOUT_S = 60


@dataclass(frozen=True, slots=True)
class LockedJar:
    """One jar of a set and the digest that it must have."""

    coordinate: str
    sha256: str

    @classmethod
    def parse(cls, line: str) -> "LockedJar":
        """Read a line of a lock; raises InstallFailed when it is malformed."""
        coordinate, _, digest = line.partition(" sha256:")
        if len(digest) != 64 or coordinate.count(":") < 2:
            raise InstallFailed(f"The jar lock holds a line that is not 'group:artifact:version sha256:…': {line!r}.")
        return cls(coordinate, digest)

    def __str__(self) -> str:
        return f"{self.coordinate} sha256:{self.sha256}"


def _lines(path: Path) -> list[str]:
    lines = (line.strip() for line in path.read_text().splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def locked_jars(name: str) -> list[LockedJar]:
    """The jars of the set ``name``."""
    return [LockedJar.parse(line) for line in _lines(FOLDER / f"{name}.lock")]


def _context(repository: Path) -> MavenContext:
    """Maven Central and the repositories of the person's jgo configuration; downloads land in ``repository``."""
    remotes = GlobalSettings.load().repositories | {"central": MAVEN_CENTRAL_URL}
    return MavenContext(repo_cache=repository, remote_repos=remotes, timeout=_TIMEOUT_S)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fetched(artifact: Artifact) -> Path:
    try:
        return Path(artifact.resolve())
    except (requests.RequestException, RuntimeError, OSError) as error:
        raise InstallFailed(
            f"The jar {artifact.filename} could not be fetched ({type(error).__name__}). Check that this machine "
            "reaches Maven Central, or name a mirror under [repositories] in ~/.config/jgo.conf."
        ) from error


def _fetch_into(context: MavenContext, jar: LockedJar, folder: Path) -> None:
    coordinate = Coordinate.parse(jar.coordinate)
    source = _fetched(context.create_dependency(coordinate).artifact)
    if _sha256(source) != jar.sha256:
        source.unlink()
        raise InstallFailed(
            f"The jar {source.name} is not the one that the lock names (SHA-256). It was removed; try again."
        )
    os.link(source, folder / source.name)


def _is_installed(runtime: Path, name: str) -> bool:
    marker = runtime / "jars" / SETS[name] / _MARKER
    return marker.is_file() and marker.read_text() == _sha256(FOLDER / f"{name}.lock")


def install_jars(runtime: Path, steps: Steps) -> None:
    """Put every set under ``runtime``/jars, unless it is there from the same lock.

    A set appears under its name only when it is complete. Raises InstallFailed.
    """
    if all(_is_installed(runtime, name) for name in SETS):
        return
    with locked(runtime):
        for name in SETS:
            if not _is_installed(runtime, name):
                _install(runtime, name, steps)
        shutil.rmtree(runtime / "jars" / _REPOSITORY, ignore_errors=True)


def _install(runtime: Path, name: str, steps: Steps) -> None:
    repository = runtime / "jars" / _REPOSITORY
    context = _context(repository)
    jars = locked_jars(name)
    partial = repository / f"{name}.partial"
    folder = runtime / "jars" / SETS[name]
    with steps.step(f"Fetching the {len(jars)} jars of {name}"):
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        with ThreadPoolExecutor(_DOWNLOADS) as pool:
            list(pool.map(lambda jar: _fetch_into(context, jar, partial), jars))
        (partial / _MARKER).write_text(_sha256(FOLDER / f"{name}.lock"))
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        partial.rename(folder)


def lock_jars(repository: Path, steps: Steps) -> None:
    """Resolve ``requirements/jars/*.in`` anew and write the locks. Raises InstallFailed."""
    context = _context(repository)
    for name in SETS:
        with steps.step(f"Resolving the jars of {name}"):
            wanted = [context.create_dependency(Coordinate.parse(line)) for line in _lines(FOLDER / f"{name}.in")]
            given, transitive = context.resolver.resolve(wanted)
            needed = [*given, *(dependency for dependency in transitive if dependency.scope in ("compile", "runtime"))]
            with ThreadPoolExecutor(_DOWNLOADS) as pool:
                locked_lines = set(pool.map(_locked, (dependency.artifact for dependency in needed)))
            heading = _HEADING.format(name=name)
            (FOLDER / f"{name}.lock").write_text("\n".join([heading, *sorted(locked_lines)]) + "\n")


def _locked(artifact: Artifact) -> str:
    if artifact.classifier or artifact.packaging != "jar":
        raise InstallFailed(
            f"{artifact} is not a plain jar, and the locks hold plain jars only: exclude or replace it."
        )
    coordinate = f"{artifact.groupId}:{artifact.artifactId}:{artifact.version}"
    return str(LockedJar(coordinate, _sha256(_fetched(artifact))))
