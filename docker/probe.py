"""The health check of our images: ``python probe.py URL`` exits 0 when the URL answers 200, else 1 with a reason."""

import sys
import urllib.error
import urllib.request

TIMEOUT_S = 4


def main(url: str) -> int:
    """Ask once, past any proxy."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=TIMEOUT_S):
            return 0
    except (OSError, ValueError) as error:
        print(f"{url} does not answer as it should ({error})")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
