"""The alerts: rules that Prometheus takes, over metrics that exist."""

import re

import pytest
import yaml

from dataflix.alerts import ALERTS, Alert
from dataflix.metrics import METRICS, MetricKind
from dataflix.reference.alert_rules import alert_rules
from dataflix.settings import PROJECT

SAMPLES = {
    metric.name + suffix
    for metric in METRICS
    for suffix in (("_bucket", "_count", "_sum") if metric.kind is MetricKind.HISTOGRAM else ("",))
}


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_an_alert_asks_for_declared_metrics_only(alert: Alert) -> None:
    asked = set(re.findall(r"dataflix_\w+", alert.expression))
    assert asked
    assert asked <= SAMPLES
    assert re.fullmatch(r"\d+[smh]", alert.lasting)


def test_no_two_alerts_have_one_name() -> None:
    assert len({alert.name for alert in ALERTS}) == len(ALERTS)


def test_the_rules_have_the_form_that_prometheus_reads() -> None:
    (group,) = yaml.safe_load(alert_rules(ALERTS))["groups"]
    assert [rule["alert"] for rule in group["rules"]] == [alert.name for alert in ALERTS]
    for rule in group["rules"]:
        assert set(rule) == {"alert", "expr", "for", "labels", "annotations"}
        assert rule["labels"]["severity"] in {"warning", "critical"}
        assert rule["annotations"]["summary"].endswith(".")


def test_who_is_woken_by_an_alert_finds_what_to_do() -> None:
    told = (PROJECT / "docs" / "operations.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^### (Dataflix\w+)\n(.+?)(?=^#|\Z)", told, re.MULTILINE | re.DOTALL))
    assert list(sections) == [alert.name for alert in ALERTS]
    assert all(len(section.split()) >= 10 for section in sections.values())
