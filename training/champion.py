"""From the matrix in ClickHouse to a champion that everybody knows of, in steps that are each safe to repeat.

What one step leaves for the next lies in the object store and in MLflow's registry, under an id or a version number.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from dataflix.clickhouse_client import ClickHouseUser, clickhouse
from dataflix.errors import NotFound, SourceUnavailable
from dataflix.model_registry import Announcement
from dataflix.settings import Settings
from training.announcer import announce
from training.cadence import Cadence, LastTraining, reason_to_wait
from training.candidates import PURPOSE_TAG, SNAPSHOT_TAG, Candidate, is_stale, objection
from training.choices import Choices
from training.clickhouse_source import TABLE, read_interactions, read_titles
from training.engine_names import Engine
from training.engines import ENGINE_TAG, Engines
from training.errors import NotPromoted
from training.gate import Verdict, decide
from training.interaction_log import InteractionLog
from training.measurements import keep_measurements
from training.object_store import open_object_store
from training.progress import Steps
from training.registry import ModelRegistry
from training.report.logged_data import data_set_input
from training.report.model_card import model_card
from training.report.report import RECALL, of_measuring, of_model
from training.roster import Entry
from training.snapshots import Snapshot, SnapshotStore
from training.training_run import Trained, fit, measure, read

BY_ORDER = "by `bin/dataflix train`"  # somebody's order stands in for the gate
TAGS = {"algorithm": "nmf", "source": TABLE}


@dataclass(frozen=True, slots=True)
class Taken:
    """A snapshot that was taken, and how it differs from what the newest version was trained on."""

    snapshot: Snapshot
    changes: int
    wait: str | None
    """Why no training is due; None when one is."""


class Training:
    """The steps of a training on the servers of the settings. Each raises SourceUnavailable when one is away."""

    def __init__(self, settings: Settings, steps: Steps) -> None:
        self._settings = settings
        self._steps = steps
        self._registry = ModelRegistry(settings.mlflow.url)
        self._snapshots = SnapshotStore(open_object_store(settings))

    def take_snapshot(self) -> Taken:
        """Keep the interactions as they are now, and tell whether they are worth a training."""
        snapshot = self._interactions()
        last = next(iter(self._registry.newest()), None)
        changes = snapshot.changes_since(self._snapshot_of(last) if last else None)
        known = LastTraining(last.version, last.at) if last else None
        wanted = Cadence(timedelta(minutes=self._settings.retrain_minutes), self._settings.retrain_changes)
        wait = reason_to_wait(known, changes, wanted, datetime.now(UTC))
        self._snapshots.save(snapshot)
        return Taken(snapshot, changes, wait)

    def fit(
        self,
        snapshot_id: str,
        choices: Choices,
        purpose: str | None = None,
        engine: Engine = Engine.SCIKIT_LEARN,
    ) -> Candidate:
        """Fit a model to the snapshot and register it; what was registered for this ``purpose`` before is given back.

        Raises UnfitData, NotFound, SparkFailed.
        """
        if purpose:
            known = (one for one in self._registry.newest() if one.tags.get(PURPOSE_TAG) == purpose)
            if candidate := next(known, None):
                return candidate
        snapshot = self._snapshots.load(snapshot_id)
        log = read([snapshot.block()], self._steps)
        with Engines(self._settings, snapshot.id) as engines:
            trained = fit(log, choices, self._steps, engines[engine])
        tags = {ENGINE_TAG: engine.value} | ({PURPOSE_TAG: purpose} if purpose else {})
        return self._register(trained, choices, snapshot, log, tags)

    def evaluate(self, number: int) -> dict[str, float]:
        """Measure a version, popularity and the champion on one held-out split; kept with the version's run.

        Raises NotFound, UnfitData.
        """
        candidate = self._registry.get(number)
        champion = self._registry.champion()
        if candidate.snapshot is None:
            raise NotFound(f"Version {number} does not tell what it was trained on: train a new one.")
        log = read([self._snapshots.load(candidate.snapshot).block()], self._steps)
        choices = self._registry.choices(candidate)
        with Engines(self._settings, candidate.snapshot) as engines:
            own = engines.of(candidate)
            measured = measure(log, choices, self._choices_of(champion), self._steps, own, engines.of(champion))
            metrics = measured.metrics
            if RECALL not in self._registry.metrics(candidate):  # measured again, beside another champion: this stays
                report = of_measuring(log, choices, measured, self._steps, own)
                self._registry.attach(candidate, report.files)
                metrics = metrics | report.metrics
        self._registry.note(candidate, metrics)
        self._registry.compared(candidate, champion)
        self._keep(candidate, self._registry.metrics(candidate))
        return metrics

    def judge(self, number: int) -> Verdict:
        """Decide by what was measured whether a version may become the champion; the verdict stays with it."""
        candidate = self._registry.get(number)
        verdict = decide(self._registry.metrics(candidate))
        judged = self._registry.judge(candidate, verdict)
        self._registry.describe(judged, model_card(self._entry(judged, None)))
        return verdict

    def examine(self, number: int) -> Verdict:
        """The verdict over a version against the champion of now; measured where it was not, or against another one.

        Raises NotFound, also where its data set has expired, and UnfitData.
        """
        candidate = self._registry.get(number)
        if candidate.verdict and not is_stale(candidate, self._registry.champion()):
            return candidate.verdict
        self.evaluate(number)
        return self.judge(number)

    def promote(self, number: int, forced: str | None = None) -> Candidate:
        """Make a version the champion that passed the gate, or any for a reason that stays with it.

        Raises NotPromoted for one that may not, NotFound.
        """
        candidate = self._registry.get(number)
        champion = self._registry.champion()
        if champion and champion.version == number:
            return candidate
        if forced is None and (reason := objection(candidate, champion)):
            raise NotPromoted(
                f"Version {number} was not promoted, and the champion stays. {reason} "
                f"`bin/dataflix models promote {number}` asks the gate; with `--force REASON` it is overruled."
            )
        self._registry.promote(candidate, champion, forced)
        return candidate

    def roll_back(self, reason: str) -> tuple[Candidate, Candidate]:
        """Make the champion before this one the champion again; the two. Raises NotFound where there was none."""
        champion = self._registry.champion()
        if champion is None:
            raise NotFound("There is no champion to roll back: train one first.")
        if champion.took_over_from is None:
            raise NotFound(
                f"Version {champion.version} is the champion and took over from nobody: there is nothing to go back to."
            )
        before = self._registry.get(champion.took_over_from)
        self._registry.roll_back(champion, before, reason)
        return champion, before

    def roster(self, limit: int) -> list[Entry]:
        """The newest versions with what is known of them, the newest first."""
        champion = self._registry.champion()
        return [self._entry(one, champion) for one in self._registry.newest(limit)]

    def entry(self, number: int) -> Entry:
        """What is known of one version. Raises NotFound."""
        return self._entry(self._registry.get(number), self._registry.champion())

    def announce(self) -> Announcement:
        """Tell the running servers who the champion is. Raises NotFound when there is none."""
        champion = self._registry.champion()
        if champion is None:
            raise NotFound("There is no champion to announce: train and promote one first.")
        self._steps.begin("Announcing the champion")
        announcement = self._registry.announcement(champion)
        announce(self._settings, announcement)
        return announcement

    def train_champion(self, choices: Choices, engine: Engine = Engine.SCIKIT_LEARN) -> Announcement:
        """All of it in one go by somebody's order, which overrules the gate; what it said is kept.

        The champion of before serves on unless every step up to the promotion works. Raises UnfitData, SparkFailed.
        """
        snapshot = self._interactions()
        log = read([snapshot.block()], self._steps)
        self._snapshots.save(snapshot)  # at once: who is forgotten from now on is looked for in it
        champion = self._registry.champion()
        with Engines(self._settings, snapshot.id) as engines:
            own = engines[engine]
            measured = measure(log, choices, self._choices_of(champion), self._steps, own, engines.of(champion))
            report = of_measuring(log, choices, measured, self._steps, own)
            trained = fit(log, choices, self._steps, own)
        metrics = trained.metrics | measured.metrics | report.metrics
        tags = {ENGINE_TAG: engine.value}
        candidate = self._register(replace(trained, metrics=metrics), choices, snapshot, log, tags)
        self._registry.attach(candidate, report.files)
        self._registry.compared(candidate, champion)
        verdict = self.judge(candidate.version)
        self._steps.done(f"The gate: {verdict.reason}")
        self.promote(candidate.version, None if verdict.passed else BY_ORDER)
        announcement = self.announce()
        self._keep(candidate, metrics)
        return announcement

    def expire_snapshots(self, before: datetime) -> list[str]:
        """Remove the snapshots that were taken before that moment, but for the champion's; the ids of the removed."""
        champion = self._registry.champion()
        keep = {champion.snapshot} if champion and champion.snapshot else set()
        return self._snapshots.expire(before, keep)

    def _entry(self, candidate: Candidate, champion: Candidate | None) -> Entry:
        metrics, params = self._registry.recorded(candidate)
        is_champion = champion is not None and champion.version == candidate.version
        return Entry(candidate, is_champion, metrics, params)

    def _register(
        self,
        trained: Trained,
        choices: Choices,
        snapshot: Snapshot,
        log: InteractionLog,
        tags: Mapping[str, str],
    ) -> Candidate:
        """A new version with its data set, environment and factors; the champion stays who it is."""
        self._steps.begin("Logging and registering the model")
        candidate = self._registry.register(
            trained.model, choices, trained.metrics, TAGS | {SNAPSHOT_TAG: snapshot.id} | dict(tags)
        )
        self._registry.learned_from(candidate, data_set_input(snapshot, log))
        self._registry.attach(candidate, of_model(trained.model, self._titles()).files)
        return candidate

    def _titles(self) -> dict[int, str]:
        """Of the movies, for a plot: a training does not fail for want of them."""
        try:
            with clickhouse(self._settings, ClickHouseUser.TRAINING) as client:
                return read_titles(client, self._settings)
        except SourceUnavailable:
            return {}

    def _choices_of(self, champion: Candidate | None) -> Choices | None:
        return self._registry.choices(champion) if champion else None

    def _interactions(self) -> Snapshot:
        self._steps.begin("Taking a snapshot of the interactions")
        with clickhouse(self._settings, ClickHouseUser.TRAINING) as client:
            return Snapshot.of(read_interactions(client, self._settings))

    def _keep(self, candidate: Candidate, metrics: Mapping[str, float]) -> None:
        """Let dashboards show what MLflow knows. A training does not fail for want of them."""
        self._steps.begin("Keeping the measurements for dashboards")
        try:
            with clickhouse(self._settings, ClickHouseUser.TRAINING) as client:
                keep_measurements(client, self._settings, candidate.version, metrics)
        except SourceUnavailable as error:
            self._steps.done(f"They are in MLflow only. {error}")

    def _snapshot_of(self, candidate: Candidate) -> Snapshot | None:
        """What it was trained on; None when that has expired."""
        if candidate.snapshot is None:
            return None
        try:
            return self._snapshots.load(candidate.snapshot)
        except NotFound:
            return None
