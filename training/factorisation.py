"""Non-negative matrix factorisation of runs of consecutive interactions: what people choose close to one another."""

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from sklearn.decomposition import NMF
from sklearn.exceptions import ConvergenceWarning

from dataflix.recommender.arrays import Float32Array, Int64Array, Rows
from training.choices import Choices
from training.interaction_log import InteractionLog

Cells = sparse.csr_array[np.float32, tuple[int, int]]


@dataclass(frozen=True, slots=True, eq=False)
class Factorisation:
    """The item side of the two factors whose product estimates the matrix."""

    items: Float32Array  # [items, k], each factor of length one over all items, or empty
    iterations: int
    converged: bool  # False also where nobody looked
    seconds: float


Factoriser = Callable[[InteractionLog, Choices], Factorisation]


def factorise(log: InteractionLog, choices: Choices) -> Factorisation:
    """Fit W, H >= 0 to the runs by least squares, empty cells counting as zeros. Deterministic for a seed."""
    cells = run_matrix(log, choices.run_length)
    model = NMF(
        n_components=choices.n_components,
        # the start from singular vectors has no more factors than the matrix has rows or columns
        init="nndsvda" if choices.n_components <= min(cells.shape) else "random",
        alpha_W=choices.factor_penalty,
        max_iter=choices.max_iter,
        random_state=choices.seed,
    )
    began = time.perf_counter()
    # a perfect fit makes scikit-learn take the root of a rounding error below zero, for a number that nobody reads
    with warnings.catch_warnings(), np.errstate(invalid="ignore", divide="ignore"):
        # an early end is reported as `converged`, and is no trouble for the recommendations
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(cells)
    return Factorisation(
        items=unit_factors(np.ascontiguousarray(model.components_.T, dtype=np.float32)),
        iterations=int(model.n_iter_),
        converged=bool(model.n_iter_ < choices.max_iter),
        seconds=time.perf_counter() - began,
    )


def run_matrix(log: InteractionLog, run_length: int) -> Cells:
    """A row for each run of about ``run_length`` consecutive interactions of one person; 1 for each item in it."""
    rows = run_of_each(log, run_length)
    cells = sparse.coo_array(
        (np.ones(len(log), dtype=np.float32), (rows, log.items)), shape=(int(rows.max()) + 1, log.item_ids.size)
    )
    return cells.tocsr()


def run_of_each(log: InteractionLog, run_length: int) -> Rows:
    """The number of the run that each interaction is in. A person's runs are as equally long as can be."""
    starts = log.starts
    counts = np.diff(starts)
    runs, first_run = runs_of_each_person(counts, run_length)
    place = np.arange(len(log)) - np.repeat(starts[:-1], counts)
    return np.asarray(np.repeat(first_run, counts) + place * np.repeat(runs, counts) // np.repeat(counts, counts))


def runs_of_each_person(counts: Int64Array, run_length: int) -> tuple[Int64Array, Int64Array]:
    """Into how many runs so many interactions are divided, and the number of each person's first one."""
    runs = np.maximum(np.rint(counts / run_length).astype(np.int64), 1)
    return runs, np.concatenate([[0], np.cumsum(runs)[:-1]])


def unit_factors(factors: Float32Array) -> Float32Array:
    """How a product is shared between its two factors is arbitrary. Here each has length one over all items, so that
    a fold-in is equally exact in all of them."""
    lengths = np.linalg.norm(factors, axis=0)
    return np.asarray(np.divide(factors, lengths, out=np.zeros_like(factors), where=lengths > 0))
