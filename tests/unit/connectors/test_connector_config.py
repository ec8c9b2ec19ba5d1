"""The connector's configuration, rendered from contracts and settings."""

import json

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from connectors.__main__ import app
from connectors.debezium import EPOCH_SETTING, connector_config
from dataflix.contracts import Contracts, load_contracts
from dataflix.masked_events import LARGEST_MESSAGE_BYTES
from dataflix.settings import PROJECT, Settings

SECRET = "not-to-be-seen"


@pytest.fixture
def contracts() -> Contracts:
    return load_contracts(PROJECT / "contracts")


@pytest.fixture
def config(contracts: Contracts) -> dict[str, str]:
    return connector_config(contracts, Settings(port_offset=7, postgres_debezium_password=SecretStr(SECRET)), 3)


def test_it_captures_the_tables_of_the_contracts(config: dict[str, str]) -> None:
    assert config["table.include.list"] == "public.movies,public.ratings,public.users,public.watched_movies"


def test_it_captures_the_columns_of_the_contracts_and_of_the_signals_and_no_other(
    config: dict[str, str], contracts: Contracts
) -> None:
    columns = {f"{table.source}.{name}" for table in contracts for name in table.by_name}
    signals = {"dataflix.signals.id", "dataflix.signals.type", "dataflix.signals.data"}
    assert set(config["column.include.list"].split(",")) == columns | signals


def test_it_holds_no_password(config: dict[str, str]) -> None:
    assert SECRET not in json.dumps(config)
    assert config["database.password"] == "${env:DATAFLIX_POSTGRES_DEBEZIUM_PASSWORD}"


def test_it_finds_the_source_behind_the_port_offset(config: dict[str, str]) -> None:
    assert (config["database.hostname"], config["database.port"]) == ("127.0.0.1", "5439")


def test_it_never_makes_a_publication_of_its_own(config: dict[str, str]) -> None:
    assert config["publication.autocreate.mode"] == "disabled"


def test_a_value_that_cannot_be_converted_stops_it(config: dict[str, str]) -> None:
    assert config["event.processing.failure.handling.mode"] == "fail"
    assert config["event.converting.failure.handling.mode"] == "fail"


def test_it_tells_the_epoch_with_every_event(config: dict[str, str]) -> None:
    assert config["transforms.epoch.header"] == "epoch"
    assert config[EPOCH_SETTING] == "3"


def test_it_does_not_go_on_behind_a_slot_that_was_made_anew(config: dict[str, str]) -> None:
    assert config["offset.mismatch.strategy"] == "trust_offset"
    assert config["slot.drop.on.stop"] == "false"


def test_its_producer_takes_the_largest_event_of_a_topic(config: dict[str, str]) -> None:
    assert int(config["producer.override.max.request.size"]) == LARGEST_MESSAGE_BYTES
    assert int(config["producer.override.buffer.memory"]) >= LARGEST_MESSAGE_BYTES


def test_every_value_is_text_as_connect_gives_it_back(config: dict[str, str]) -> None:
    assert all(isinstance(value, str) for value in config.values())


def test_show_prints_it() -> None:
    printed = CliRunner().invoke(app, ["show"])
    assert printed.exit_code == 0
    assert json.loads(printed.stdout)["slot.name"] == "dataflix"
