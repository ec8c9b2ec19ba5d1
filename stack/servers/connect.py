"""Kafka Connect with Debezium's connector for PostgreSQL."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from stack.home import Home, write_private
from stack.servers import kafka_security
from stack.servers.java import JavaServer
from stack.servers.kafka import MESSAGE_BYTES

SERVER = JavaServer(jars="connect", heap="384m")

_PROPERTIES = """\
# Written by `bin/dataflix up`
bootstrap.servers={broker}
group.id=dataflix-connect
listeners=http://{address}
rest.advertised.host.name={host}
rest.advertised.port={port}
plugin.path={plugins}
plugin.discovery=service_load
key.converter=org.apache.kafka.connect.json.JsonConverter
key.converter.schemas.enable=false
value.converter=org.apache.kafka.connect.json.JsonConverter
value.converter.schemas.enable=false
config.storage.topic=connect.configs
config.storage.replication.factor=1
offset.storage.topic=connect.offsets
offset.storage.replication.factor=1
offset.storage.partitions=1
status.storage.topic=connect.status
status.storage.replication.factor=1
status.storage.partitions=1
# How much is read again after a crash; the sink drops it
offset.flush.interval.ms=2000
# Passwords stay in the environment: connector configurations name them as ${{env:NAME}}
config.providers=env
config.providers.env.class=org.apache.kafka.common.config.provider.EnvVarConfigProvider
config.providers.env.param.allowlist.pattern=DATAFLIX_POSTGRES_DEBEZIUM_PASSWORD
connector.client.config.override.policy=All
producer.max.request.size={message_bytes}
consumer.max.partition.fetch.bytes={message_bytes}
scheduled.rebalance.max.delay.ms=0
"""


def command(home: Home) -> Sequence[str | Path]:
    """The command that runs the Connect worker."""
    return SERVER.command(home, "org.apache.kafka.connect.cli.ConnectDistributed", configuration(home))


def configuration(home: Home) -> Path:
    """The file that it reads when it starts."""
    return SERVER.folder(home) / "connect.properties"


def environment(home: Home) -> Mapping[str, str]:
    """What the connector's configuration refers to."""
    return {"DATAFLIX_POSTGRES_DEBEZIUM_PASSWORD": home.settings.postgres_debezium_password.get_secret_value()}


def prepare(home: Home) -> None:
    """Write the configuration."""
    SERVER.prepare(home)
    address = home.settings.connect
    client = kafka_security.of_client(home.settings.kafka)
    properties = [
        _PROPERTIES.format(
            broker=home.settings.kafka,
            address=address,
            host=address.host,
            port=address.port,
            plugins=home.runtime / "jars" / "plugins",
            message_bytes=MESSAGE_BYTES,
        ),
        # The worker's own clients, and those of its connectors
        *(kafka_security.lines(client, prefix) for prefix in ("", "producer.", "consumer.", "admin.")),
    ]
    write_private(configuration(home), "".join(properties))
