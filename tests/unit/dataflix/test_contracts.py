"""What a contract file may say, and what everything else derives from it."""

from pathlib import Path

import pytest

from dataflix.contracts import Masking, load_contracts
from dataflix.errors import ContractViolation
from dataflix.settings import PROJECT

A_CONTRACT = """
table: tags
description: Words that people give to movies.
key: [tag_id]
columns:
  tag_id: {type: bigint, description: Number of the tag}
  author: {type: text, mask: hash, description: Who gave it}
  weight: {type: "numeric(5,2)", nullable: true, description: How strongly}
"""


def a_folder(path: Path, **files: str) -> Path:
    for name, text in files.items():
        (path / f"{name}.yml").write_text(text)
    return path


def test_the_shipped_contracts_list_the_four_tables() -> None:
    contracts = load_contracts(PROJECT / "contracts")
    assert [table.name for table in contracts] == ["movies", "ratings", "users", "watched_movies"]


def test_every_directly_identifying_column_of_users_is_masked() -> None:
    users = load_contracts(PROJECT / "contracts").table("users")
    masks = {column.name: column.mask for column in users.columns if column.mask}
    assert masks == {
        "username": Masking.HASH,
        "email": Masking.HASH,
        "first_name": Masking.INITIAL,
        "last_name": Masking.INITIAL,
    }


def test_a_contract_names_its_source_and_its_topics(tmp_path: Path) -> None:
    table = load_contracts(a_folder(tmp_path, tags=A_CONTRACT)).table("tags")
    assert (table.source, table.private_topic, table.masked_topic) == ("public.tags", "cdc.public.tags", "masked.tags")
    assert [column.name for column in table.key_columns] == ["tag_id"]
    assert table.by_name["weight"].type.clickhouse == "Decimal(5, 2)"


def test_the_version_changes_with_any_file_and_only_then(tmp_path: Path) -> None:
    before = load_contracts(a_folder(tmp_path, tags=A_CONTRACT)).version
    assert load_contracts(tmp_path).version == before
    a_folder(tmp_path, tags=A_CONTRACT.replace("How strongly", "How much"))
    assert load_contracts(tmp_path).version != before


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("key: [tag_id]", "key: [id]", "'id', which is not listed"),
        ("key: [tag_id]", "key: [author]", "'author' can be neither nullable nor masked"),
        ("type: bigint", "type: money", "does not carry the type 'money'"),
        ("numeric(5,2)", "numeric(2,5)", "numeric(2,5) is not usable"),
        ("mask: hash", "mask: rot13", "columns.1.mask"),
        ("type: text, mask", "type: bigint, mask", "only text can be masked"),
        ("weight:", "_weight:", "'_weight' is not a plain lower-case name"),
        ("description: How strongly", "meaning: How strongly", "columns.2"),
        ("table: tags", "table: labels", "name the file labels.yml"),
        ("table: tags", "table: [", "is not YAML"),
    ],
)
def test_a_contract_that_cannot_hold_is_refused_with_its_file(tmp_path: Path, old: str, new: str, said: str) -> None:
    folder = a_folder(tmp_path, tags=A_CONTRACT.replace(old, new, 1))
    with pytest.raises(ContractViolation, match=r"tags\.yml") as refusal:
        load_contracts(folder)
    assert said in str(refusal.value)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContractViolation, match="There is no contract in"):
        load_contracts(tmp_path)


def test_an_unknown_table_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ContractViolation, match="there are contracts for tags"):
        load_contracts(a_folder(tmp_path, tags=A_CONTRACT)).table("labels")
