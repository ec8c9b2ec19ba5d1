"""Superset's configuration. What differs from home to home comes by the environment (stack/servers/superset.py)."""

import logging
import os
from datetime import timedelta

from superset.config import TALISMAN_CONFIG as _DEFAULT_TALISMAN
from superset.config import THEME_DEFAULT as _DEFAULT_THEME

SECRET_KEY = os.environ["SUPERSET_SECRET_KEY"]
SQLALCHEMY_DATABASE_URI = os.environ["SUPERSET_DATABASE_URI"]

# Bounds for every chart; the user of ClickHouse has bounds of its own (clickhouse/roles.yml)
ROW_LIMIT = 5_000
SQL_MAX_ROW = 50_000
SUPERSET_WEBSERVER_TIMEOUT = 30  # seconds

# Browsers keep cookies by host, not by port: other pages of this machine have sessions too
SESSION_COOKIE_NAME = "superset_session"
PERMANENT_SESSION_LIFETIME = timedelta(hours=12)

# Every chart asks ClickHouse each time, and a refresh reads anew
DATA_CACHE_CONFIG = {"CACHE_TYPE": "NullCache"}
DASHBOARD_AUTO_REFRESH_MODE = "force"
FEATURE_FLAGS = {"DRILL_BY": True, "DRILL_TO_DETAIL": True}

# Pages load nothing from elsewhere: neither maps nor fonts, nor the image by which installations are counted
_POLICY = _DEFAULT_TALISMAN["content_security_policy"]
TALISMAN_CONFIG = {
    **_DEFAULT_TALISMAN,
    "content_security_policy": {
        **_POLICY,
        "img-src": ["'self'", "blob:", "data:"],
        "connect-src": ["'self'"],
        "style-src": ["'self'", "'unsafe-inline'"],
        "font-src": ["'self'"],
    },
}

APP_NAME = "Dataflix"
_TOKENS = {
    "brandAppName": APP_NAME,
    # The wheel lacks the picture that is looked for where none is named
    "brandSpinnerUrl": "/static/assets/images/loading.gif",
}
THEME_DEFAULT = {**_DEFAULT_THEME, "token": {**_DEFAULT_THEME["token"], **_TOKENS}}
LOG_LEVEL = logging.WARNING
