"""What training and its Spark program tell each other over their pipe: numbers and sentences, never a pickle."""

import io
import json
from dataclasses import asdict, dataclass, fields
from typing import Self

import numpy as np

from dataflix.recommender.arrays import Float32Array, Int64Array


@dataclass(frozen=True, slots=True)
class Place:
    """Where Spark runs, and where the snapshot lies that it reads. Told first, and once."""

    master: str  # as Spark reads it
    memory: str  # of the program's Java, as Spark reads it
    folder: str  # what Spark writes on this machine
    endpoint: str  # of the object store, host:port
    access_key: str
    secret_key: str
    snapshot: str  # bucket and name of the object

    def to_bytes(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        return cls(**json.loads(data))

    @property
    def is_local(self) -> bool:
        """Whether Spark stays within one process of this machine."""
        return self.master.partition("[")[0] == "local"


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """What is to be factorised: each person's oldest interactions in runs, as rows, and the items in the order given.

    Who is not among the people is left out, and so are the interactions beyond those that are kept.
    """

    user_ids: Int64Array  # [people]
    kept: Int64Array  # [people], how many of their oldest interactions
    runs: Int64Array  # [people], how many rows these are divided into
    first_run: Int64Array  # [people], the number of the first of these rows
    item_ids: Int64Array  # [items], ascending
    factors: int
    sweeps: int  # each solves both sides once
    ridge: float  # added to a row's or column's normal equations for each interaction in it
    seed: int

    def to_bytes(self) -> bytes:
        return _archive({field.name: np.asarray(getattr(self, field.name)) for field in fields(self)})

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        with np.load(io.BytesIO(data), allow_pickle=False) as told:
            return cls(**{name: told[name] if told[name].ndim else told[name].item() for name in told.files})


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """The item side, or why there is none."""

    factors: Float32Array  # [items, k], none where something failed
    failure: str = ""

    def to_bytes(self) -> bytes:
        return _archive({"factors": self.factors, "failure": np.array(self.failure)})

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        with np.load(io.BytesIO(data), allow_pickle=False) as told:
            return cls(told["factors"], str(told["failure"]))

    @classmethod
    def failed(cls, failure: str) -> Self:
        return cls(np.empty((0, 0), dtype=np.float32), failure)


def _archive(arrays: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.generic]]]) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()
