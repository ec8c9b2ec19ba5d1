"""What fits the factors of a model: scikit-learn in this process, or Spark beside it."""

from types import TracebackType
from typing import Final, Self

from dataflix.settings import Settings
from training.candidates import Candidate
from training.engine_names import Engine
from training.factorisation import Factoriser, factorise
from training.spark.factoriser import SparkFactoriser

ENGINE_TAG: Final = "engine"


def engine_of(candidate: Candidate | None) -> Engine:
    """What a version's factors were fitted by; scikit-learn where its tags do not tell."""
    tag = candidate.tags.get(ENGINE_TAG) if candidate else None
    return Engine.SPARK if tag == Engine.SPARK else Engine.SCIKIT_LEARN


class Engines:
    """Both engines on the interactions of one snapshot. Spark runs from the first fit to the end of the context."""

    def __init__(self, settings: Settings, snapshot: str) -> None:
        self._spark = SparkFactoriser(settings, snapshot)

    def __getitem__(self, engine: Engine) -> Factoriser:
        return self._spark if engine is Engine.SPARK else factorise

    def of(self, candidate: Candidate | None) -> Factoriser:
        """The engine of a version; where that is Spark and Spark is not installed here, scikit-learn."""
        engine = engine_of(candidate)
        return self[engine if self._spark.is_installed else Engine.SCIKIT_LEARN]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._spark.close()
