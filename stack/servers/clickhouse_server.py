"""The ClickHouse server process: ``python -m stack.servers.clickhouse_server FOLDER`` (see clickhouse.py beside it).

The wheel holds clickhouse-local, whose one query here starts ClickHouse's own listeners and then never ends: the server
lives for as long as the query does. The call is not documented, so the wheel is pinned to an exact version.
"""

import importlib.util
import os
import signal
import sys
import threading
from importlib.machinery import ExtensionFileLoader
from pathlib import Path
from types import FrameType, ModuleType

_KEEP_SERVING = """
SYSTEM START LISTEN HTTP;
SYSTEM START LISTEN TCP;
SELECT number FROM system.numbers WHERE sleepEachRow(3) > 0
SETTINGS function_sleep_max_microseconds_per_block = 0, max_block_size = 1, max_execution_time = 0
"""


def _engine() -> ModuleType:
    """The extension, without its package: importing that would start another engine, which cannot listen."""
    package = importlib.util.find_spec("chdb")
    if package is None or not package.submodule_search_locations:
        sys.exit("The package chdb-core is not installed: start with `bin/dataflix up`.")
    folder = Path(package.submodule_search_locations[0])
    extension = next(folder.glob("_chdb*.so"))
    spec = importlib.util.spec_from_file_location(
        "_chdb", extension, loader=ExtensionFileLoader("_chdb", str(extension))
    )
    if spec is None or spec.loader is None:
        sys.exit(f"{extension} cannot be loaded.")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main(folder: Path) -> None:
    """Serve until SIGTERM; exit 1 when the server ends by itself."""
    os.chdir(folder)
    engine = _engine()
    ended = threading.Event()

    def serve() -> None:
        # The output format becomes the server's default: Null would empty every reply
        try:
            engine.query(_KEEP_SERVING, "TabSeparated", path=str(folder / "data"))
        finally:
            ended.set()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        # What was acknowledged is on disk; there is nothing to flush
        os._exit(0)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    threading.Thread(target=serve, daemon=True).start()
    ended.wait()
    print("The ClickHouse server ended by itself.", file=sys.stderr, flush=True)
    os._exit(1)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
