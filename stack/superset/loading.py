"""Bringing the files of superset/assets into a Superset that runs."""

from pathlib import Path

from dataflix.settings import SETTINGS_FILE
from stack.digests import digest
from stack.home import Home
from stack.servers import superset
from stack.superset import assets
from stack.superset.client import superset_api


def load_dashboards(home: Home) -> None:
    """Import the files where they, or the credentials in them, have changed since. Raises ServiceFailed.

    What was edited in the browser stays until then.
    """
    record = _record(home)
    if record.is_file() and record.read_text() == _made_from(home):
        return
    import_dashboards(home)


def import_dashboards(home: Home) -> None:
    """Make Superset hold what the files say, whatever it held. Raises ServiceFailed."""
    made_from = _made_from(home)
    with superset_api(home.settings) as api:
        api.import_assets(assets.bundle(assets.read(), home.settings))
    _record(home).write_text(made_from)


def _made_from(home: Home) -> str:
    return digest((assets.FOLDER, home.secrets_file, home.folder / SETTINGS_FILE))


def _record(home: Home) -> Path:
    return superset.folder(home) / "imported-from"
