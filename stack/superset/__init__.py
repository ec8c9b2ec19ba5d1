"""Dashboards as code: the files of superset/assets and a running Superset, through Superset's REST API."""
