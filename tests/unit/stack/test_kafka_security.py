"""Encryption and identity of Kafka's Java programs."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from dataflix.errors import SettingsError
from dataflix.settings import Settings
from stack.servers import kafka_security


def secured(**changed: Any) -> Settings:
    told: dict[str, Any] = {
        "kafka_security_protocol": "SASL_SSL",
        "kafka_ca_file": Path("/certificates/ca.pem"),
        "kafka_keystore_file": Path("/certificates/kafka.pem"),
        "kafka_sasl_password": SecretStr("open"),
    }
    return Settings(**told | changed)


def test_a_client_trusts_one_authority_and_says_who_it_is() -> None:
    properties = kafka_security.of_client(secured().kafka)
    assert properties["security.protocol"] == "SASL_SSL"
    assert properties["ssl.truststore.location"] == "/certificates/ca.pem"
    assert properties["sasl.jaas.config"].endswith('required username="dataflix" password="open";')


def test_a_password_with_signs_of_its_own_stays_what_it_is() -> None:
    told = kafka_security.of_client(secured(kafka_sasl_password=SecretStr(r'a"b\c')).kafka)
    assert r'password="a\"b\\c";' in told["sasl.jaas.config"]
    assert r'password="a\\"b\\\\c";' in kafka_security.lines(told)


def test_nothing_is_said_where_nothing_is_asked() -> None:
    settings = secured(kafka_security_protocol="PLAINTEXT")
    assert kafka_security.of_client(settings.kafka) == {}
    assert kafka_security.of_broker(settings) == ""
    assert kafka_security.accounts(settings.kafka) == ""


def test_a_broker_without_a_certificate_to_show_is_told_what_it_lacks() -> None:
    with pytest.raises(SettingsError, match="DATAFLIX_KAFKA_KEYSTORE_FILE name a PEM file"):
        kafka_security.of_broker(secured(kafka_keystore_file=None))
