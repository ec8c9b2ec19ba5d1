"""What Spark is asked, and what becomes of its answers; without Spark."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from interactions import a_block, two_tastes
from rich.console import Console

from dataflix.settings import Settings
from training.candidates import Candidate
from training.choices import Choices
from training.engine_names import Engine
from training.engines import ENGINE_TAG, Engines
from training.factorisation import Factorisation, factorise, run_matrix
from training.interaction_log import InteractionLog, build_log
from training.progress import Steps
from training.spark.factoriser import JAVA, SparkFactoriser, SparkFailed, request_for
from training.spark.messages import Place, Request
from training.splits import Protocol, split
from training.training_run import fit, measure

CHOICES = Choices(n_components=2, max_iter=100)
QUIET = Steps(Console(quiet=True))
# Stands where Spark's Python would. Answers with the number of people kept, then refuses, then ends.
PROGRAM = f"""#!{sys.executable}
import sys
from multiprocessing.connection import Connection
import numpy as np
from training.spark.messages import Answer, Place, Request
with Connection(int(sys.argv[-1])) as asked:
    place = Place.from_bytes(asked.recv_bytes())
    request = Request.from_bytes(asked.recv_bytes())
    factors = np.full((request.item_ids.size, request.factors), request.kept.sum(), dtype=np.float32)
    asked.send_bytes(Answer(factors).to_bytes())
    asked.recv_bytes()
    asked.send_bytes(Answer.failed("The store is " + place.endpoint + ".").to_bytes())
    asked.recv_bytes()
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", runtime=tmp_path / "runtime")


@pytest.fixture
def program(settings: Settings) -> Iterator[SparkFactoriser]:
    """Talks to ``PROGRAM``."""
    factoriser = SparkFactoriser(settings, "abc")
    factoriser.python.parent.mkdir(parents=True)
    factoriser.python.write_text(PROGRAM)
    factoriser.python.chmod(0o755)
    yield factoriser
    factoriser.close()


def busy_people() -> InteractionLog:
    """Some with but one run of ten, some with many."""
    return build_log([a_block((person, movie, 3.5) for person in range(1, 9) for movie in range(1, 4 + person * 7))])


@pytest.mark.parametrize("protocol", list(Protocol))
def test_what_spark_is_asked_makes_the_matrix_out_of_the_whole_snapshot(protocol: Protocol) -> None:
    everything = busy_people()
    learned_from = split(everything, protocol).train
    choices = Choices(run_length=10)

    cells = as_spark_would(everything, request_for(learned_from, choices))

    wanted = run_matrix(learned_from, 10).tocoo()
    assert max(request_for(learned_from, choices).runs) > 1
    assert cells == set(zip(wanted.row.tolist(), wanted.col.tolist(), strict=True))


def as_spark_would(snapshot: InteractionLog, request: Request) -> set[tuple[int, int]]:
    """Cells of the matrix, one interaction after the other, as the query of ``training.spark.cells`` has it."""
    cells = set()
    movies = request.item_ids.tolist()
    for row, user_id in enumerate(request.user_ids.tolist()):
        start, end = np.searchsorted(snapshot.user_ids[snapshot.users], [user_id, user_id + 1])
        kept, runs = int(request.kept[row]), int(request.runs[row])
        for place, item in enumerate(snapshot.items[start:end].tolist()[:kept]):
            run = int(request.first_run[row]) + place * runs // kept
            cells.add((run, movies.index(int(snapshot.item_ids[item]))))
    return cells


def test_messages_arrive_as_they_were_sent() -> None:
    request = request_for(busy_people(), CHOICES)
    place = Place("local[2]", "1g", "/tmp/x", "127.0.0.1:9002", "somebody", "secret", "snapshots/abc.parquet")

    assert Request.from_bytes(request.to_bytes()).to_bytes() == request.to_bytes()
    assert Place.from_bytes(place.to_bytes()) == place
    assert place.is_local


@pytest.mark.parametrize("master", ["spark://somewhere:7077", "local-cluster[2,1,1024]", "yarn"])
def test_a_cluster_is_not_bound_to_loopback(master: str) -> None:
    assert not Place(master, "1g", "", "", "", "", "").is_local


def test_answers_become_factors_of_length_one_or_sentences_and_nothing_is_left(
    program: SparkFactoriser, settings: Settings
) -> None:
    log = busy_people()

    found = program(log, CHOICES)

    assert found.items.shape == (log.item_ids.size, 2)
    assert np.linalg.norm(found.items, axis=0) == pytest.approx([1, 1])
    with pytest.raises(SparkFailed, match=r"The store is 127.0.0.1:9002. .*spark.log says more. It ran on local\[\*\]"):
        program(log, CHOICES)
    with pytest.raises(SparkFailed, match="Spark ended before it answered"):
        program(log, CHOICES)
    program.close()
    assert not list(settings.home.glob("spark-*"))


def test_without_spark_the_command_is_named_that_installs_it(settings: Settings) -> None:
    with pytest.raises(SparkFailed, match=r"not installed in .*: `bin/dataflix train --engine spark` installs"):
        SparkFactoriser(settings, "abc")(busy_people(), CHOICES)


def test_a_version_is_measured_by_its_own_engine_where_that_is_installed(
    settings: Settings, program: SparkFactoriser, tmp_path: Path
) -> None:
    by_spark, by_default = a_version(Engine.SPARK), a_version(Engine.SCIKIT_LEARN)
    elsewhere = settings.model_copy(update={"runtime": tmp_path / "without"})

    assert Engines(settings, "abc").of(by_default) is factorise
    assert isinstance(Engines(settings, "abc").of(by_spark), SparkFactoriser)
    assert Engines(elsewhere, "abc").of(by_spark) is factorise
    assert Engines(settings, "abc").of(None) is factorise


def a_version(engine: Engine) -> Candidate:
    return Candidate(1, "run", datetime(2026, 1, 2, tzinfo=UTC), {ENGINE_TAG: engine.value})


def test_a_training_takes_its_factors_from_its_engine() -> None:
    log = build_log([two_tastes()])
    asked: list[int] = []

    def engine(part: InteractionLog, choices: Choices) -> Factorisation:
        asked.append(len(part))
        return factorise(part, choices)

    fitted = fit(log, CHOICES, QUIET, engine)
    measured = measure(log, CHOICES, CHOICES, QUIET, engine)

    assert np.array_equal(fitted.model.factors, fit(log, CHOICES, QUIET).model.factors)
    assert len(log) in asked
    assert measured.metrics["champion_ndcg_at_10"] == measured.metrics["ndcg_at_10"]


def test_java_is_not_asked_for_the_module_that_it_lacks(tmp_path: Path) -> None:
    stand_in = tmp_path / "java"
    stand_in.write_text("#!/bin/sh\nprintf '%s,' \"$@\"\n")
    stand_in.chmod(0o755)

    started = subprocess.run(
        [JAVA / "bin" / "java", "-cp", "a b", "--add-modules=jdk.incubator.vector", "Main", ""],
        env={"DATAFLIX_JAVA": str(stand_in)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert started.stdout == "-cp,a b,Main,,"
