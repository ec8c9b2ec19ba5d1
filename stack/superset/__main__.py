"""``python -m stack.superset``: bring the dashboards of superset/assets into the Superset that the settings name.

For a container: where the stack runs here, `bin/dataflix up` does it.
"""

import sys

from dataflix.errors import DataflixError
from stack.home import open_home
from stack.servers import superset
from stack.superset.loading import load_dashboards


def main() -> int:
    """Import what has changed since; 1, with a sentence, when Superset is away or refuses."""
    try:
        home = open_home()
        superset.folder(home).mkdir(mode=0o700, parents=True, exist_ok=True)
        load_dashboards(home)
    except DataflixError as failure:
        print(f"dataflix: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
