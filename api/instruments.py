"""The API's instruments: what `dataflix.metrics` declares for it, and when each of them moves."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence, Sized
from http import HTTPMethod

from prometheus_client import (
    CollectorRegistry,
    Counter,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from api.broadcast import Broadcast
from api.champion import ChampionWatch
from api.follower import Batch
from api.progress import Progress
from api.replica import Replica
from dataflix import metrics

_METHODS = frozenset(HTTPMethod)  # a caller may invent methods, and each would be a time series of its own


class Instruments:
    """Moves the API's metrics, in a registry of its own. ``wall_clock`` gives the seconds since 1970."""

    def __init__(self, wall_clock: Callable[[], float] = time.time) -> None:
        self._now = wall_clock
        self._registry = registry = CollectorRegistry()
        for collector in (ProcessCollector, GCCollector, PlatformCollector):
            collector(registry=registry)
        self._requests = metrics.API_REQUESTS.counter(registry)
        self._request_seconds = metrics.API_REQUEST_SECONDS.histogram(registry)
        self._children: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._events = metrics.API_EVENTS.counter(registry)
        self._rejected = metrics.API_EVENTS_REJECTED.counter(registry)
        self._commit_to_history = metrics.API_COMMIT_TO_HISTORY_SECONDS.histogram(registry)
        self._rows = metrics.API_ROWS.gauge(registry)
        self._start_seconds = metrics.API_START_SECONDS.gauge(registry)
        self._lag = metrics.API_STREAM_LAG.gauge(registry)
        self._silence = metrics.API_STREAM_SILENCE_SECONDS.gauge(registry)
        self._listeners = metrics.API_LISTENERS.gauge(registry)
        self._dropped = metrics.API_LISTENERS_DROPPED.counter(registry)
        self._dropped_before = 0
        self._model_version = metrics.API_MODEL_VERSION.gauge(registry)

    def answered(self, method: str, route: str, status: int, seconds: float | None) -> None:
        """A request was answered; ``seconds`` is None where the answer went on as a stream."""
        count, duration = self._of(method if method in _METHODS else "other", route, status)
        count.inc()
        if seconds is not None:
            duration.observe(seconds)

    def _of(self, method: str, route: str, status: int) -> tuple[Counter, Histogram]:
        """The two that a request moves, looked up by their labels once and not for every request."""
        key = (method, route, status)
        if key not in self._children:
            self._children[key] = self._requests.labels(*key), self._request_seconds.labels(method, route)
        return self._children[key]

    def counted(self, batch: Batch, *, live: bool) -> None:
        """A batch is part of the histories. ``live`` when it is news and not the past being read at start."""
        self._events.inc(len(batch.commits))
        self._rejected.inc(batch.rejected)
        if live:
            now = self._now()
            for commit in batch.commits:
                self._commit_to_history.observe(now - commit.timestamp())

    def exposition(self, replica: Replica, progress: Progress, champions: ChampionWatch, broadcast: Broadcast) -> bytes:
        """Every metric as of now, in Prometheus' text format."""
        tables: dict[str, Sized] = {
            "users": replica.users,
            "movies": replica.movies,
            "ratings": replica.ratings,
            "watched_movies": replica.watched,
        }
        for table, rows in tables.items():
            self._rows.labels(table).set(len(rows))
        if progress.start_seconds is not None:
            self._start_seconds.labels(progress.source).set(progress.start_seconds)
        self._lag.set(progress.lag)
        self._silence.set(float("nan") if progress.silence is None else progress.silence)
        self._model_version.set(champions.current.version if champions.current else 0)
        self._listeners.set(broadcast.listeners)
        self._dropped.inc(broadcast.dropped - self._dropped_before)
        self._dropped_before = broadcast.dropped
        return generate_latest(self._registry)


def joined(expositions: Mapping[int, bytes]) -> bytes:
    """What several processes measured as one exposition: each sample bears the number of its process."""
    families: dict[str, Metric] = {}
    for number, exposition in sorted(expositions.items()):
        for family in text_string_to_metric_families(exposition.decode()):
            whole = families.setdefault(family.name, Metric(family.name, family.documentation, family.type))
            for sample in family.samples:
                whole.add_sample(sample.name, sample.labels | {"process": str(number)}, sample.value)
    return generate_latest(_Families(tuple(families.values())))


class _Families(CollectorRegistry):
    """A registry of what others collected."""

    def __init__(self, families: Sequence[Metric]) -> None:
        super().__init__()
        self._families = families

    def collect(self) -> Iterator[Metric]:
        return iter(self._families)
