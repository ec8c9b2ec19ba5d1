"""What the watcher tells: its findings as JSON, and their readings as metrics. Pure."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from prometheus_client import Metric as Family
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from connectors.watcher.probe import Level, Reading
from connectors.watcher.watch import Finding
from dataflix import metrics
from dataflix.metrics import Metric, MetricKind

Findings = Mapping[str, Finding]


def worst(findings: Findings) -> Level:
    """The worst level of all."""
    return max(
        (finding.observation.level for finding in findings.values()), key=lambda level: level.rank, default=Level.OK
    )


def as_json(findings: Findings) -> dict[str, Any]:
    """``{"level", "probes": {name: {"level", "sentence", "values", "facts", "at", "took_s"}}}``.

    ``values`` are the readings by the names of their metrics; those with labels are objects by label values.
    """
    return {
        "level": worst(findings),
        "probes": {
            name: {
                "level": finding.observation.level,
                "sentence": finding.observation.sentence,
                "values": _values(finding.observation.readings),
                "facts": dict(finding.observation.facts),
                "at": finding.at.isoformat(timespec="milliseconds"),
                "took_s": round(finding.took_s, 3),
            }
            for name, finding in findings.items()
        },
    }


def _values(readings: Iterable[Reading]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for reading in readings:
        if reading.labels:
            values.setdefault(reading.metric.name, {})["/".join(reading.labels)] = reading.value
        else:
            values[reading.metric.name] = reading.value
    return values


class FindingsCollector(Collector):
    """Gives Prometheus the readings of the newest findings: what a probe no longer sees has no sample."""

    def __init__(self, findings: Callable[[], Findings]) -> None:
        self._findings = findings

    def collect(self) -> Iterable[Family]:
        """One family for each metric that was read."""
        families: dict[str, GaugeMetricFamily | CounterMetricFamily] = {}
        for name, finding in self._findings().items():
            own = (
                Reading(metrics.WATCHER_FINDING_LEVEL, finding.observation.level.rank, (name,)),
                Reading(metrics.WATCHER_OBSERVED_TIMESTAMP_SECONDS, finding.at.timestamp(), (name,)),
            )
            for reading in (*own, *finding.observation.readings):
                metric = reading.metric
                family = families.get(metric.name) or families.setdefault(metric.name, _family(metric))
                family.add_metric(reading.labels, reading.value)
        return families.values()


def _family(metric: Metric) -> GaugeMetricFamily | CounterMetricFamily:
    kind = CounterMetricFamily if metric.kind is MetricKind.COUNTER else GaugeMetricFamily
    return kind(metric.name, metric.meaning, labels=metric.labels)
