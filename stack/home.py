"""The home of one running stack: folders, ``settings.env`` (what `up` was told) and ``secrets.env`` (credentials)."""

import contextlib
import fcntl
import json
import os
import secrets
import threading
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from dataflix.errors import SettingsError
from dataflix.settings import SECRETS_FILE, SETTINGS_FILE, Settings, load_settings
from stack.errors import HomeBusy

PREFIX = "DATAFLIX_"
MASKING_KEY = PREFIX + "MASKING_KEY"
OPTIONAL = PREFIX + "OPTIONAL"
# What a person may choose on the first `up`, and what every later command of the same home has to know
_KEPT_ENDINGS = (
    "_PORT", "_HOST", "_SSLMODE", "_CA_FILE", "_KEYSTORE_FILE", "_SECURITY_PROTOCOL", "_SASL_MECHANISM",
    "_SASL_USERNAME", "_CLICKHOUSE_SECURE",
)  # fmt: skip
_KEPT = frozenset(PREFIX + name for name in ("RUNTIME", "PORT_OFFSET", "API_PROCESSES", "SECRETS", "OPTIONAL"))
_GENERATED_ENDINGS = ("_PASSWORD", "_SECRET_KEY", "_SIGNING_KEY")
_UNQUOTABLE = frozenset("\"'\\\n\r$`")


def read_env(path: Path) -> dict[str, str]:
    """The settings of an env file; empty when there is none."""
    if not path.is_file():
        return {}
    pairs = (line.partition("=") for line in path.read_text().splitlines() if line and not line.startswith("#"))
    return {name.strip(): value.strip().strip("'") for name, _, value in pairs}


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    partial = path.with_name(path.name + ".partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(text)
    partial.replace(path)


def write_env(path: Path, heading: str, values: Mapping[str, str]) -> None:
    """Write settings to a private file. Raises SettingsError for a value that it cannot hold."""
    for name, value in values.items():
        if _UNQUOTABLE & set(value):
            raise SettingsError(
                f"{name} holds a quote, a backslash, a dollar sign or a line break: choose another value."
            )
    lines = [f"{name}='{value}'" for name, value in sorted(values.items())]
    write_private(path, "\n".join([f"# {heading}", *lines]) + "\n")


def generated_secrets(present: Mapping[str, str]) -> dict[str, str]:
    """``present`` and a fresh random value for every credential that it lacks."""
    names = (PREFIX + name.upper() for name in Settings.model_fields)
    missing = (name for name in names if name.endswith(_GENERATED_ENDINGS) and not present.get(name))
    return dict(present) | {name: secrets.token_urlsafe(24) for name in missing}


def with_masking_key(present: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, str]:
    """``present`` and, on a home's first start, the masking key that the environment names.

    Raises SettingsError when a later start names another one: what is masked already could never be joined again.
    """
    asked = environ.get(MASKING_KEY, "")
    first = not present
    if not asked or present.get(MASKING_KEY) == asked:
        return dict(present)
    if not first:
        raise SettingsError(
            f"{MASKING_KEY} is not the key of this home, and what is masked stays as it is: unset it, or mask all "
            "under it with `bin/dataflix masking rotate`."
        )
    return {MASKING_KEY: asked}


@dataclass(frozen=True, slots=True)
class State:
    """What was brought about already, so that a warm start repeats none of it."""

    loaded: bool = False
    """The first `up` went through: sample data, connector, marts and a model are there."""
    schema: str = ""
    """Digest of what schema, roles, tables and connector were made from."""
    marts: str = ""
    """Digest of what the marts were built from."""
    started_with: Mapping[str, str] = field(default_factory=dict)
    """By service: digest of what it read when it was started."""


class Home:
    """One home: a folder, its settings and its state."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.folder = settings.home
        self.runtime = settings.runtime_folder
        self.logs = settings.logs
        self.supervisor = self.folder / "supervisor"
        self._recording = threading.Lock()

    @property
    def python(self) -> Path:
        return self.runtime / "app" / "bin" / "python"

    @property
    def secrets_file(self) -> Path:
        return self.folder / SECRETS_FILE

    @property
    def exists(self) -> bool:
        return self.secrets_file.is_file()

    @property
    def _state_file(self) -> Path:
        return self.folder / "state.json"

    def state(self) -> State:
        """What earlier starts recorded."""
        if not self._state_file.is_file():
            return State()
        recorded = json.loads(self._state_file.read_text())
        return State(**{name: recorded[name] for name in asdict(State()) if name in recorded})

    def record_loaded(self, schema: str, marts: str) -> None:
        """Remember that everything is loaded, and what it was made from."""
        with self._recording:
            self._write(replace(self.state(), loaded=True, schema=schema, marts=marts))

    def record_started(self, service: str, digest: str) -> None:
        """Remember what ``service`` read when it was started."""
        with self._recording:
            state = self.state()
            self._write(replace(state, started_with={**state.started_with, service: digest}))

    def _write(self, state: State) -> None:
        write_private(self._state_file, json.dumps(asdict(state), indent=1))

    @contextlib.contextmanager
    def held(self, purpose: str = "services") -> Iterator[None]:
        """Hold the home, so that one command at a time changes what runs for ``purpose``. Raises HomeBusy."""
        with (self.folder / f".held-for-{purpose}").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise HomeBusy(
                    f"Another dataflix command is changing what runs in {self.folder}: try again after it."
                ) from None
            yield


def write_secrets(home: Home, values: Mapping[str, str]) -> None:
    """Store the credentials of ``home``. Raises SettingsError when one cannot be written."""
    write_env(home.secrets_file, "The credentials of this stack; nobody else may read them", values)


def open_home() -> Home:
    """The home that DATAFLIX_HOME names, as it is. Raises SettingsError."""
    return Home(load_settings())


def prepare_home(port_offset: int | None, environ: Mapping[str, str]) -> Home:
    """The home that DATAFLIX_HOME names, made where it is missing: folders, settings, credentials.

    Ports and hosts that ``environ`` names are kept, so that later commands find the services. Raises SettingsError.
    """
    home = open_home()
    # Root's PostgreSQL runs as another user, which has to get through to its data
    home.folder.mkdir(parents=True, exist_ok=True)
    home.folder.chmod(0o711 if os.geteuid() == 0 else 0o700)
    told = {
        name: value
        for name, value in environ.items()
        if name.startswith(PREFIX) and (name in _KEPT or name.endswith(_KEPT_ENDINGS)) and (value or name == OPTIONAL)
    }
    if port_offset is not None:
        told[PREFIX + "PORT_OFFSET"] = str(port_offset)
    settings_file = home.folder / SETTINGS_FILE
    write_env(settings_file, "What `bin/dataflix up` was told", read_env(settings_file) | told)
    known = with_masking_key(read_env(home.secrets_file), environ)
    write_secrets(home, generated_secrets(known))
    for folder in (home.logs, home.supervisor):
        folder.mkdir(mode=0o700, exist_ok=True)
    return open_home()
