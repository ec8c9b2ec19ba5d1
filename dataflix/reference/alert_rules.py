"""The alerts as a file of Prometheus' rules, and as a table."""

from collections.abc import Iterable

import yaml

from dataflix.alerts import Alert
from dataflix.reference.markdown import code, table

_HEADING = (
    "# Generated from dataflix/alerts.py by `bin/dataflix docs`: change a declaration there, then run that again.\n"
)


class _Indented(yaml.SafeDumper):
    """Indents the items of a list below its key."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        super().increase_indent(flow, indentless=False)


def alert_rules(alerts: Iterable[Alert]) -> str:
    """``docs/alerts.yml``: name it in ``rule_files`` of prometheus.yml."""
    rules = [
        {
            "alert": alert.name,
            "expr": alert.expression,
            "for": alert.lasting,
            "labels": {"severity": str(alert.severity)},
            "annotations": {"summary": alert.meaning, "description": alert.action},
        }
        for alert in alerts
    ]
    groups = {"groups": [{"name": "dataflix", "rules": rules}]}
    return _HEADING + yaml.dump(groups, Dumper=_Indented, sort_keys=False, width=140)


def alert_table(alerts: Iterable[Alert]) -> str:
    """A row for each alert."""
    rows = (
        (alert.name, str(alert.severity), f"{code(alert.expression)}, for {alert.lasting}", alert.meaning, alert.action)
        for alert in alerts
    )
    return table(("alert", "severity", "fires when", "means", "what to do"), rows)
