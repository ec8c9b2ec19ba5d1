"""The Java programs as locked sets of jars: resolved by jgo into ``requirements/jars/*.lock``, installed by hash.

A set is a folder of jars with a class path of its own: one class path for all would mix Jetty's versions. A lock
holds a line per jar, ``group:artifact:version sha256:<digest>``, and names no host.
"""

import hashlib
import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import requests
from jgo.config import GlobalSettings
from jgo.constants import MAVEN_CENTRAL_URL
from jgo.maven import Artifact, MavenContext
from jgo.parse import Coordinate

from dataflix.settings import PROJECT
from stack.errors import InstallFailed

FOLDER = PROJECT / "requirements" / "jars"
# By set: its folder. Connect takes every folder below plugins for a connector of its own class path
SETS = {"kafka": "kafka", "connect": "connect", "debezium": "plugins/debezium"}
_LOCKED = "# Resolved by `bin/dataflix lock` from {name}.in: one jar a line, held by its SHA-256."
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
    """Maven Central and the repositories that the person's jgo configuration names; downloads land in ``repository``."""
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
            f"The jar {artifact.filename} could not be fetched ({type(error).__name__}). Check that this machine reaches "
            "Maven Central, or name a mirror under [repositories] in ~/.config/jgo.conf."
        ) from error


def _installed(context: MavenContext, jar: LockedJar, folder: Path) -> None:
    coordinate = Coordinate.parse(jar.coordinate)
    source = _fetched(context.create_dependency(coordinate).artifact)
    if _sha256(source) != jar.sha256:
        source.unlink()
        raise InstallFailed(f"The jar {source.name} is not the one that the lock names (SHA-256). It was removed; try again.")
    os.link(source, folder / source.name)


def install_jars(runtime: Path, progress: Callable[[str], None]) -> None:
    """Put every set under ``runtime``/jars, unless it is there from the same lock.

    A set appears under its name only when it is complete. Raises InstallFailed.
    """
    repository = runtime / "jars" / "repository"
    context = _context(repository)
    for name, place in SETS.items():
        folder = runtime / "jars" / place
        digest = _sha256(FOLDER / f"{name}.lock")
        marker = folder / ".lock-sha256"
        if marker.is_file() and marker.read_text() == digest:
            continue
        jars = locked_jars(name)
        progress(f"Fetching {len(jars)} jars of {name}")
        shutil.rmtree(folder, ignore_errors=True)
        partial = repository / f"{name}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor(_DOWNLOADS) as pool:
            list(pool.map(lambda jar: _installed(context, jar, partial), jars))
        (partial / marker.name).write_text(digest)
        partial.rename(folder)
    shutil.rmtree(repository, ignore_errors=True)


def lock_jars(repository: Path, progress: Callable[[str], None]) -> None:
    """Resolve ``requirements/jars/*.in`` anew and write the locks. Raises InstallFailed."""
    context = _context(repository)
    for name in SETS:
        progress(f"Resolving the jars of {name}")
        wanted = [context.create_dependency(Coordinate.parse(line)) for line in _lines(FOLDER / f"{name}.in")]
        given, transitive = context.resolver.resolve(wanted)
        artifacts = [dependency.artifact for dependency in [*given, *transitive] if dependency.scope in ("compile", "runtime", None)]
        with ThreadPoolExecutor(_DOWNLOADS) as pool:
            files = list(pool.map(_fetched, artifacts))
        locked = sorted(
            {
                str(LockedJar(f"{one.groupId}:{one.artifactId}:{one.version}", _sha256(file)))
                for one, file in zip(artifacts, files, strict=True)
            }
        )
        (FOLDER / f"{name}.lock").write_text("\n".join([_LOCKED.format(name=name), *locked]) + "\n")
