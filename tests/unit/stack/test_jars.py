"""The locks of the jars."""

import re

import pytest

from stack.errors import InstallFailed
from stack.jars import FOLDER, SETS, LockedJar, locked_jars


@pytest.mark.parametrize("name", SETS)
def test_a_lock_holds_what_its_input_asks_for_by_hash_and_names_no_host(name: str) -> None:
    text = (FOLDER / f"{name}.lock").read_text()
    assert "://" not in text
    locked = {jar.coordinate for jar in locked_jars(name)}
    lines = (FOLDER / f"{name}.in").read_text().splitlines()
    asked = {line.rstrip("!") for line in lines if not line.startswith("#")}
    assert asked <= locked
    assert len(locked) == len({coordinate.rpartition(":")[0] for coordinate in locked}), "two versions of one jar"


def test_every_input_is_a_set_that_is_installed() -> None:
    assert {path.stem for path in FOLDER.glob("*.in")} == set(SETS) == {path.stem for path in FOLDER.glob("*.lock")}


def test_a_locked_jar_is_read_as_it_is_written() -> None:
    jar = LockedJar("org.example:name:1.0", "ab" * 32)
    assert LockedJar.parse(str(jar)) == jar


@pytest.mark.parametrize(
    "line", ["org.example:name:1.0", "org.example:name:1.0 sha256:abc", f"name sha256:{'ab' * 32}"]
)
def test_a_line_without_coordinate_or_hash_is_refused(line: str) -> None:
    with pytest.raises(InstallFailed, match=re.escape(repr(line))):
        LockedJar.parse(line)
