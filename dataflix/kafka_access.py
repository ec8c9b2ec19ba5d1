"""How a client of Kafka gets in: encrypted and by name where the settings say so, and a sentence where it may not.

librdkafka is behind every client but Faust's consumer (stream_processors/app.py) and Connect
(stack/servers/kafka_security.py).
"""

import time
from contextlib import suppress
from typing import Any

from dataflix.settings import KafkaBroker

ClientSettings = dict[str, str | int | float | bool]

_PROBE_SECONDS = 5.0
_REPLY_SECONDS = 0.5


def librdkafka(broker: KafkaBroker) -> ClientSettings:
    """The settings that lead a client of librdkafka to ``broker``."""
    settings: ClientSettings = {"bootstrap.servers": str(broker)}
    if broker.protocol == "PLAINTEXT":
        return settings
    settings["security.protocol"] = broker.protocol
    if broker.ca_file:
        settings["ssl.ca.location"] = str(broker.ca_file)
    if broker.protocol.startswith("SASL"):
        settings["sasl.mechanism"] = broker.mechanism
        settings["sasl.username"] = broker.username
        settings["sasl.password"] = broker.password.get_secret_value()
    return settings


def kafka_refusal(broker: KafkaBroker) -> str | None:
    """Why ``broker`` does not take a client of these settings, as a sentence; None when it is away, or takes it.

    A client that got no answer asks this: librdkafka tells the reason only to a callback, and goes on trying. Blocks
    for up to five seconds.
    """
    from confluent_kafka import KafkaError, KafkaException  # noqa: PLC0415 - few who import this need a client
    from confluent_kafka.admin import AdminClient  # noqa: PLC0415

    heard: list[KafkaError] = []
    settings: dict[str, Any] = {**librdkafka(broker), "error_cb": heard.append, "log_level": 0}
    admin = AdminClient(settings)
    deadline = time.monotonic() + _PROBE_SECONDS
    while time.monotonic() < deadline:
        with suppress(KafkaException):
            admin.list_topics(timeout=_REPLY_SECONDS)
            break
        admin.poll(0)
        for error in heard:
            if reason := _reason(broker, error.name(), error.str()):
                return reason
        if any(error.code() == KafkaError._ALL_BROKERS_DOWN for error in heard):
            break
    return None


def _reason(broker: KafkaBroker, name: str, text: str) -> str | None:
    if name == "_AUTHENTICATION":
        return (
            f"Kafka at {broker} refuses the password of {broker.username}: let DATAFLIX_KAFKA_SASL_USERNAME and "
            "DATAFLIX_KAFKA_SASL_PASSWORD be those of an account that it knows."
        )
    if "certificate verify failed" in text:
        return (
            f"Kafka at {broker} shows a certificate that is not trusted: let DATAFLIX_KAFKA_CA_FILE name who signed "
            "it, and DATAFLIX_KAFKA_HOST a name that it bears."
        )
    if name == "_SSL":
        return (
            f"Kafka at {broker} does not speak {broker.protocol}: let DATAFLIX_KAFKA_SECURITY_PROTOCOL be what it "
            "speaks at that port."
        )
    return None
