"""Pictures of the dashboards for the documentation: run by ``bin/dataflix superset screenshots FOLDER``."""

import sys
import tempfile
from base64 import b64decode
from pathlib import Path

import pytest
from browser import open_browser
from superset_pages import WINDOW, Superset

from dataflix.settings import load_settings
from stack.superset.client import superset_api

# Without Superset's menu and the frame of the page
_BARE = "?standalone=1"
# A fifth of the size of a PNG
_PICTURE = {"format": "webp", "quality": 85}


def main(folder: Path) -> None:
    """Write one picture of each dashboard."""
    settings = load_settings()
    with tempfile.TemporaryDirectory() as profile, open_browser(Path(profile), size=WINDOW) as driver:
        superset = Superset(driver, settings)
        superset.log_in()
        with superset_api(settings) as api:
            for board in api.dashboards():
                superset.open(board.url + _BARE, charts=len(api.charts(board)))
                superset.settle()
                bottom = max(panel.bottom for panel in superset.panels())
                driver.set_window_size(WINDOW[0], int(bottom) + 180)
                superset.settle()
                path = folder / f"{board.url.strip('/').rpartition('/')[2]}.webp"
                path.write_bytes(b64decode(driver.execute_cdp_cmd("Page.captureScreenshot", _PICTURE)["data"]))
                driver.set_window_size(*WINDOW)
                print(path)


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]))
    except pytest.skip.Exception as missing:
        sys.exit(f"Pictures take a browser: {missing}.")
