"""The Kafka broker: one process in KRaft mode, formatted once."""

import base64
import subprocess
import uuid
from collections.abc import Sequence
from pathlib import Path

from stack.errors import ServiceFailed
from stack.home import Home, write_private
from stack.servers import kafka_security
from stack.servers.java import JavaServer

# A movie's description may be a megabyte long, an event holds the row before and after, and JSON escapes
MESSAGE_BYTES = 16 << 20
SERVER = JavaServer(jars="kafka", heap="512m")

_PROPERTIES = """\
# Written by `bin/dataflix up`
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{controller}
listeners={protocol}://{broker},CONTROLLER://{controller}
advertised.listeners={protocol}://{broker}
listener.security.protocol.map={protocol}:{protocol},CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
log.dirs={data}
# Topics are made from the contracts, with a retention of their own: a typing error must not make one
auto.create.topics.enable=false
message.max.bytes={message_bytes}
replica.fetch.max.bytes={message_bytes}
# One broker: the internal topics cannot be replicated, and few partitions start faster
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
group.initial.rebalance.delay.ms=0
num.network.threads=2
num.io.threads=4
"""


def command(home: Home) -> Sequence[str | Path]:
    """The command that runs the broker."""
    return SERVER.command(home, "kafka.Kafka", configuration(home))


def configuration(home: Home) -> Path:
    """The file that it reads when it starts."""
    return SERVER.folder(home) / "server.properties"


def prepare(home: Home) -> None:
    """Write the configuration, and format the storage where it is new. Raises ServiceFailed."""
    SERVER.prepare(home)
    settings = home.settings
    data = SERVER.folder(home) / "data"
    properties = [
        _PROPERTIES.format(
            protocol=settings.kafka.protocol,
            broker=settings.kafka,
            controller=settings.kafka_controller,
            data=data,
            message_bytes=MESSAGE_BYTES,
        ),
        kafka_security.of_broker(settings),
    ]
    write_private(configuration(home), "".join(properties))
    if (data / "meta.properties").is_file():
        return
    cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    format_storage = [
        *SERVER.once(home, "kafka.tools.StorageTool"),
        # one argument: an id may begin with a dash, and would pass for an option
        "format", f"--cluster-id={cluster}", "--config", configuration(home), "--ignore-formatted",
    ]  # fmt: skip
    accounts = SERVER.folder(home) / "accounts.args"
    if told := kafka_security.accounts(settings.kafka):
        # In a file: everybody sees the arguments of a process
        write_private(accounts, told)
        format_storage.append(f"@{accounts}")
    done = subprocess.run([str(part) for part in format_storage], capture_output=True, text=True, check=False)
    accounts.unlink(missing_ok=True)
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise ServiceFailed(f"Kafka's storage in {data} could not be formatted: {' '.join(last)}")
