"""An image holds the packages that its programs import, although its lock is shorter than everybody's."""

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from dataflix.settings import PROJECT

IMAGES = ("app", "training")  # dbt's holds no program of ours
# What Spark's environment runs, which no image holds
BY_SPARK = {PROJECT / "training/spark" / name for name in ("cells.py", "program.py")}


def folders(image: str) -> list[str]:
    """The folders of the project that an image holds, as its Dockerfile has them."""
    dockerfile = (PROJECT / "docker/Dockerfile").read_text()
    _, _, target = dockerfile.partition(f"\nFROM base AS {image}\n")
    copied = re.findall(r"^COPY (\w+) \1$", target.partition("\nUSER")[0], re.MULTILINE)
    return [name for name in copied if list((PROJECT / name).glob("*.py"))]


def plain(name: str) -> str:
    """The name of a distribution, https://packaging.python.org/en/latest/specifications/name-normalization."""
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.fixture(scope="module")
def distributions() -> Mapping[str, list[str]]:
    return packages_distributions()


def imported(body: list[ast.stmt]) -> Iterator[str]:
    """What a module imports when it is imported itself; not what its functions fetch when they need it."""
    for statement in body:
        match statement:
            case ast.Import():
                yield from (alias.name for alias in statement.names)
            case ast.ImportFrom(module=str(module)):
                yield module
            case ast.Try() | ast.With():
                yield from imported(statement.body)


def packages(path: Path) -> set[str]:
    return {name.partition(".")[0] for name in imported(ast.parse(path.read_text()).body)}


@pytest.mark.parametrize("image", IMAGES)
def test_what_is_imported_at_the_start_is_in_the_image(image: str, distributions: Mapping[str, list[str]]) -> None:
    own = folders(image)
    assert "dataflix" in own
    lock = (PROJECT / f"requirements/images/{image}.lock").read_text()
    locked = {plain(name) for name in re.findall(r"^([\w.-]+)==", lock, re.MULTILINE)}
    missing = {
        f"{path.relative_to(PROJECT)} imports {name}"
        for folder in own
        for path in set((PROJECT / folder).rglob("*.py")) - BY_SPARK
        for name in packages(path) - sys.stdlib_module_names - set(own)
        if not {plain(one) for one in distributions.get(name, [name])} & locked
    }
    assert missing == set()
