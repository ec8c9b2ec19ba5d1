"""What a service of the stack is: how it starts, where it answers, how one sees that it is well, how it ends."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path

from dataflix.settings import Address


class Tier(IntEnum):
    """The order of ending: what reads and writes goes before what is read and written."""

    DATABASE = 10
    STORE = 20
    PIPELINE = 30
    APPLICATION = 40


def nothing() -> None:
    """What a service without preparation prepares."""


@dataclass(frozen=True, slots=True)
class Service:
    """One program under the supervisor."""

    name: str
    summary: str
    tier: Tier
    command: Sequence[str | Path]
    address: Address
    url: str
    """How clients name it."""
    check: Callable[[], None]
    """A request over the service's own protocol; raises Unhealthy."""
    folder: Path
    """Its working directory."""
    memory_mb: int
    """What it takes at rest with the sample data, measured; a start needs that much free."""
    reads: tuple[Path, ...] = ()
    """Configuration and code that it reads when it starts: `up` starts it anew when one has changed."""
    needs: tuple[str, ...] = ()
    """The services that it cannot start or answer without."""
    ports: Mapping[str, int] = field(default_factory=dict)
    """Every port that it listens on, offset included, by the setting that names it."""
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Beside what every program gets; may hold credentials."""
    prepare: Callable[[], None] = nothing
    """Writes its configuration and whatever has to be there before its first start. Idempotent."""
    user: str | None = None
    stop_signal: str = "TERM"
    stop_seconds: int = 15
    """After these it is killed."""
    start_seconds: int = 60
    """After these without a healthy answer, `up` gives up on it."""
    ready: Callable[[], None] | None = None
    """What a start waits for, where that is less than health."""
    yields: bool = True
    """Where processors are short, those that do not yield go first: people wait for their answers."""
    scratch: tuple[Path, ...] = ()
    """Files that it leaves outside of the home; `down` removes them."""


class Unhealthy(Exception):
    """A service does not answer as it should. The message says in a few words how."""


@dataclass(frozen=True, slots=True)
class ProcessInfo:
    """What the supervisor knows of a service's process."""

    state: str
    """As supervisord names it: RUNNING, STARTING, BACKOFF, STOPPED, EXITED, FATAL …"""
    pid: int | None
    started_at: int
    """Seconds since 1970."""

    @property
    def is_up(self) -> bool:
        return self.state in ("RUNNING", "STARTING")
