"""Encryption and identity in the properties of Kafka's Java programs: the broker, and Connect as its client."""

from collections.abc import Mapping

from dataflix.errors import SettingsError
from dataflix.settings import KafkaBroker, Settings

_LOGIN = "org.apache.kafka.common.security.scram.ScramLoginModule"


def lines(properties: Mapping[str, str], prefix: str = "") -> str:
    """The lines of a properties file, each name with ``prefix``."""
    return "".join(f"{prefix}{name}={_escaped(value)}\n" for name, value in properties.items())


def of_client(broker: KafkaBroker) -> dict[str, str]:
    """How a Java client gets to ``broker``; nothing where anybody may."""
    if broker.protocol == "PLAINTEXT":
        return {}
    properties = {"security.protocol": broker.protocol, **_trust(broker)}
    if broker.protocol.startswith("SASL"):
        properties |= {"sasl.mechanism": broker.mechanism, "sasl.jaas.config": _jaas(broker)}
    return properties


def of_broker(settings: Settings) -> str:
    """The lines of the embedded broker, which logs in at itself as its clients do. Raises SettingsError."""
    broker = settings.kafka
    if broker.protocol == "PLAINTEXT":
        return ""
    properties: dict[str, str] = {"inter.broker.listener.name": broker.protocol}
    if broker.protocol.endswith("SSL"):
        if settings.kafka_keystore_file is None:
            raise SettingsError(
                f"DATAFLIX_KAFKA_SECURITY_PROTOCOL is {broker.protocol}, and the embedded broker has no certificate to "
                "show: let DATAFLIX_KAFKA_KEYSTORE_FILE name a PEM file with its certificates and their PKCS#8 key."
            )
        keystore = settings.kafka_keystore_file.resolve()
        properties |= {"ssl.keystore.type": "PEM", "ssl.keystore.location": str(keystore), **_trust(broker)}
    if broker.protocol.startswith("SASL"):
        listener = f"listener.name.{broker.protocol.lower()}.{broker.mechanism.lower()}"
        properties |= {
            "sasl.enabled.mechanisms": broker.mechanism,
            "sasl.mechanism.inter.broker.protocol": broker.mechanism,
            f"{listener}.sasl.jaas.config": _jaas(broker),
        }
    return lines(properties)


def accounts(broker: KafkaBroker) -> str:
    """The arguments of the storage's formatting that make the account, each on a line."""
    if not broker.protocol.startswith("SASL"):
        return ""
    return f"--add-scram\n{broker.mechanism}=[name={broker.username},password={broker.password.get_secret_value()}]\n"


def _trust(broker: KafkaBroker) -> dict[str, str]:
    if broker.ca_file is None:
        return {}
    return {"ssl.truststore.type": "PEM", "ssl.truststore.location": str(broker.ca_file.resolve())}


def _jaas(broker: KafkaBroker) -> str:
    password = broker.password.get_secret_value().replace("\\", "\\\\").replace('"', '\\"')
    return f'{_LOGIN} required username="{broker.username}" password="{password}";'


def _escaped(value: str) -> str:
    """A properties file takes a backslash for the beginning of something else."""
    return value.replace("\\", "\\\\")
