"""``python -m api``: the API server."""

import logging
import os
import sys

import uvloop
from aiohttp import web

from api.app import create_app
from api.middleware import AccessLog, WithoutText
from dataflix.errors import DataflixError
from dataflix.observability import configure_logging
from dataflix.settings import load_settings

SHUTDOWN_TIMEOUT = 10.0  # seconds that requests in flight get to finish


def main() -> int:
    """Serve until SIGTERM or SIGINT. 2 for settings or contracts that cannot be used, 1 for a port that cannot."""
    try:
        settings = load_settings()
        app = create_app(settings)
    except DataflixError as error:
        print(error, file=sys.stderr)
        return 2
    configure_logging("api", settings.log_level)
    logging.getLogger("aiohttp.server").addFilter(WithoutText())
    try:
        web.run_app(
            app,
            host=settings.api.host,
            port=settings.api.port,
            access_log_class=AccessLog,
            shutdown_timeout=SHUTDOWN_TIMEOUT,
            loop=uvloop.new_event_loop(),
            print=None,
        )
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        print(
            f"The API cannot listen on {settings.api} ({reason}): set DATAFLIX_API_PORT, or another --port-offset.",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
