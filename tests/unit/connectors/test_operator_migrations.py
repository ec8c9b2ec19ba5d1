"""The migrations that an operator adds: found in order, named once."""

from pathlib import Path

import pytest

from connectors.schema import operator_migrations
from dataflix.errors import SettingsError


def a_folder(parent: Path, name: str, *files: str) -> Path:
    folder = parent / name
    folder.mkdir()
    for file in files:
        (folder / file).write_text("SELECT 1")
    return folder


def test_no_folder_is_no_migration() -> None:
    assert operator_migrations("") == ()


def test_they_apply_folder_by_folder_in_the_order_of_their_names(tmp_path: Path) -> None:
    first = a_folder(tmp_path, "z", "0002_b.sql", "0001_a.sql", "notes.txt")
    second = a_folder(tmp_path, "a", "0000_c.sql")
    names = [file.name for file in operator_migrations(f"{first}:{second}")]
    assert names == ["0001_a.sql", "0002_b.sql", "0000_c.sql"]


def test_a_folder_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="which is not a folder"):
        operator_migrations(str(tmp_path / "missing"))


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    first, second = a_folder(tmp_path, "a", "0001.sql"), a_folder(tmp_path, "b", "0001.sql")
    with pytest.raises(SettingsError, match="have one name"):
        operator_migrations(f"{first}:{second}")
