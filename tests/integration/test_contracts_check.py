"""`contracts check`, `diff` and `apply` on real servers: each kind of difference is found where it is made."""

import json
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from confluent_kafka.admin import AdminClient, NewTopic
from own_stack import Stack

from clickhouse.agreement.check import check
from dataflix.contracts import load_contracts
from dataflix.settings import PROJECT, Settings

CONTRACT = """
table: {name}
description: Shelves of a library.
key: [shelf_id]
columns:
  shelf_id: {{type: bigint, description: Number}}
  label: {{type: text, nullable: true, description: What stands on it}}
  height: {{type: "numeric(5,1)", description: In centimetres}}
"""


class Library:
    """A table of its own, with its contract, publication and topics."""

    def __init__(self, settings: Settings, environment: dict[str, str], folder: Path) -> None:
        self.environment = environment | {"DATAFLIX_CONTRACTS": str(folder)}
        self.name = f"shelves_{uuid.uuid4().hex[:8]}"
        (folder / f"{self.name}.yml").write_text(CONTRACT.format(name=self.name))
        self.contract = folder / f"{self.name}.yml"
        self.settings = settings.model_copy(update={"contracts": folder})
        self.admin = AdminClient({"bootstrap.servers": str(settings.kafka)})
        self.topics = {f"cdc.public.{self.name}": "delete", f"masked.{self.name}": "compact"}

    def source(self, *statements: str) -> None:
        """Run statements in which {t} is the table."""
        conninfo = self.settings.postgres_conninfo("dataflix_admin", self.settings.postgres_admin_password)
        with psycopg.connect(conninfo, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.format(t=f"public.{self.name}").encode())

    def create_topics(self, **policies: str) -> None:
        wanted = [
            NewTopic(topic, self.settings.topic_partitions, 1, config={"cleanup.policy": policy})
            for topic, policy in (self.topics | policies).items()
        ]
        for created in self.admin.create_topics(wanted).values():
            created.result(20)

    def findings(self) -> list[tuple[str, str, bool]]:
        return [
            (each.place, each.kind, each.stops) for each in check(self.settings, load_contracts(self.contract.parent))
        ]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "clickhouse", "contracts", *arguments],
            cwd=PROJECT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


@pytest.fixture
def library(stack: Stack, source: Settings, kafka: Settings, clickhouse: Settings, tmp_path: Path) -> Iterator[Library]:
    made = Library(source, stack.environment, tmp_path)
    made.source(
        "CREATE TABLE {t} (shelf_id bigint PRIMARY KEY, label varchar(40), height numeric(5,1) NOT NULL)",
        "ALTER PUBLICATION dataflix ADD TABLE {t} (shelf_id, label, height)",
    )
    yield made
    made.source("DROP TABLE {t}")


def test_each_kind_of_difference_is_found_and_a_mended_one_is_gone(library: Library) -> None:
    assert library.findings() == [
        ("topics", "missing", True),
        ("topics", "missing", True),
        ("raw", "missing table", True),
    ]
    library.create_topics()
    assert f"CREATE TABLE IF NOT EXISTS raw.{library.name}\n" in library.run("diff").stdout
    assert library.run("apply").returncode == 0
    assert library.run("diff").stdout == ""
    agreed = library.run("check")
    assert (agreed.returncode, agreed.stderr) == (0, "")

    library.source("ALTER TABLE {t} ADD COLUMN colour text", "ALTER TABLE {t} ALTER height DROP NOT NULL")
    assert library.findings() == [("source", "added", False), ("source", "nullability", False)]
    library.source("ALTER TABLE {t} DROP COLUMN colour", "ALTER TABLE {t} ALTER height SET NOT NULL")

    library.source("ALTER TABLE {t} RENAME label TO title")
    assert library.findings() == [("source", "renamed", True)]
    library.source("ALTER TABLE {t} RENAME title TO label")

    with pytest.raises(psycopg.errors.DependentObjectsStillExist):  # PostgreSQL itself keeps what is published
        library.source("ALTER TABLE {t} DROP COLUMN label")
    with pytest.raises(psycopg.errors.FeatureNotSupported):
        library.source("ALTER TABLE {t} ALTER height TYPE text")
    library.source("ALTER TABLE {t} DROP COLUMN label CASCADE")
    assert library.findings() == [("source", "dropped", True), ("source", "unpublished", True)]

    library.source(
        "ALTER TABLE {t} ADD COLUMN label text",
        "ALTER TABLE {t} ALTER height TYPE integer",
        "ALTER PUBLICATION dataflix ADD TABLE {t} (shelf_id, label, height)",
    )
    told = library.run("check", "--json")
    (finding,) = json.loads(told.stdout)["findings"]
    assert (told.returncode, finding["kind"], finding["name"]) == (1, "retyped", library.name)
    assert "height of public." in finding["message"]
    assert "is integer at the source and numeric(5,1) in its contract" in finding["message"]


def test_a_migration_of_raw_follows_the_contract_and_what_may_lose_data_is_left_to_a_person(library: Library) -> None:
    library.create_topics(**{f"masked.{library.name}": "delete"})
    assert library.run("apply").returncode == 0
    library.contract.write_text(
        library.contract.read_text().replace(
            "  height:", "  colour: {type: text, nullable: true, description: On the outside}\n  height:"
        )
    )
    library.source("ALTER TABLE {t} ADD COLUMN colour text")
    assert library.findings() == [
        ("source", "unpublished", True),
        ("topics", "cleanup policy", False),
        ("raw", "missing column", True),
    ]
    assert library.run("diff").stdout == (
        f"ALTER TABLE raw.{library.name} ADD COLUMN IF NOT EXISTS `colour` Nullable(String) "
        "COMMENT 'On the outside' AFTER `label`;\n"
    )
    assert library.run("apply").returncode == 0
    assert library.run("diff").stdout == ""

    library.contract.write_text(library.contract.read_text().replace("numeric(5,1)", "numeric(6,2)"))
    assert ("raw", "type", True) in library.findings()
    refused = library.run("diff")
    assert refused.returncode == 1
    assert "MODIFY COLUMN height Decimal(6, 2)" in refused.stderr
