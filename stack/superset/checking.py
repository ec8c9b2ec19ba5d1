"""Does every chart get its data? Each chart's query is run through Superset's own API, past every cache."""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from stack.errors import ServiceFailed
from stack.superset.client import Chart, SupersetApi


@dataclass(frozen=True, slots=True)
class Answer:
    """What a chart got."""

    rows: int
    ms: float
    error: str | None


Answers = Mapping[str, Mapping[str, Answer]]
"""By title of the dashboard and name of the chart."""


def check(api: SupersetApi) -> Answers:
    """Ask for the data of every chart on every dashboard. Raises ServiceFailed when Superset itself is away."""
    return {
        dashboard.title: {chart.name: _asked(api, chart) for chart in api.charts(dashboard)}
        for dashboard in api.dashboards()
    }


def _asked(api: SupersetApi, chart: Chart) -> Answer:
    began = time.perf_counter()
    try:
        rows, error = api.rows(chart), None
    except ServiceFailed as failure:
        rows, error = 0, str(failure)
    return Answer(rows, round((time.perf_counter() - began) * 1000, 1), error)


def as_document(answers: Answers) -> dict[str, dict[str, dict[str, dict[str, object]]]]:
    """The answers as JSON has them."""
    return {
        "dashboards": {
            title: {name: asdict(answer) for name, answer in charts.items()} for title, charts in answers.items()
        }
    }


def all_answered(answers: Answers) -> bool:
    """Whether there are charts, and each got its data."""
    charts = [answer for charts in answers.values() for answer in charts.values()]
    return bool(charts) and all(answer.error is None for answer in charts)
