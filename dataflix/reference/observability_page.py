"""The page ``docs/observability.md``, rendered from the declarations of the metrics."""

from collections.abc import Iterable

from dataflix.alerts import Alert
from dataflix.metrics import Metric
from dataflix.reference.alert_rules import alert_table
from dataflix.reference.markdown import code, table

_PAGE = """\
# What can be watched

<!-- Generated from dataflix/metrics.py and alerts.py by `bin/dataflix docs`: change it there, then run that again. -->

Every program answers `GET /metrics` in Prometheus' text format, and `GET /health` with 200 while it is well. The
unit ends the name of a metric. No label and no log line holds a personal value.

{programs}

## Alerts

[alerts.yml](alerts.yml) holds them for Prometheus. `bin/dataflix status` tells the same state at a terminal.

{alerts}
"""
_PROGRAMS = {"worker": "The worker", "api": "The API", "watcher": "The watcher"}


def observability_page(metrics: Iterable[Metric], alerts: Iterable[Alert]) -> str:
    """The text of the page: the metrics of each program, where a histogram's buckets end, and the alerts."""
    by_program: dict[str, list[Metric]] = {}
    for metric in metrics:
        by_program.setdefault(metric.name.split("_")[1], []).append(metric)
    sections = (f"## {_PROGRAMS.get(name, name)}\n\n{_table(of)}" for name, of in by_program.items())
    return _PAGE.format(programs="\n\n".join(sections), alerts=alert_table(alerts))


def _table(metrics: Iterable[Metric]) -> str:
    return table(("metric", "kind", "unit", "labels", "meaning"), map(_row, metrics))


def _row(metric: Metric) -> tuple[str, str, str, str, str]:
    labels = ", ".join(map(code, metric.labels)) or "none"
    buckets = f". Buckets end at {', '.join(f'{bound:g}' for bound in metric.buckets)}" if metric.buckets else ""
    return code(metric.name), metric.kind.value, metric.unit, labels, metric.meaning + buckets
