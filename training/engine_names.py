"""What may fit the factors of a model, as commands and tags name it."""

from enum import StrEnum


class Engine(StrEnum):
    """What a version's tag names."""

    SCIKIT_LEARN = "scikit-learn"
    SPARK = "spark"
