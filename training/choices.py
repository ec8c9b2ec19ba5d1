"""What a person chooses about a training."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Choices:
    """The hyper-parameters of a model; each is logged with it."""

    n_components: int = 10  # factors of each movie
    max_iter: int = 200
    seed: int = 42
    held_out_share: float = 0.2  # of the interactions, put aside to measure the choices
