"""Made-up interactions are like real ones where it matters for what a training takes."""

import json
import subprocess
import sys

import numpy as np

from dataflix.settings import PROJECT
from training.interaction_log import build_log
from training.synthetic import synthetic_blocks


def test_few_movies_have_most_of_the_interactions_and_nobody_chooses_one_twice() -> None:
    log = build_log(synthetic_blocks(50_000, people=7_000, movies=1_000, seed=1))  # refuses a pair that comes twice

    assert 35_000 < len(log) <= 60_000
    assert log.user_ids.size == 7_000
    popular = np.sort(log.popularity)[::-1]
    assert popular[:100].sum() > 0.3 * len(log)


def test_the_same_seed_gives_the_same_interactions() -> None:
    one, other = (next(synthetic_blocks(2_000, 50, 100, seed=3)) for _ in range(2))

    assert all(np.array_equal(left, right) for left, right in zip(one, other, strict=True))


def test_the_measurement_tells_time_and_memory() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "training", "fit-synthetic", "--rows", "3000", "--max-iter", "2"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )

    figures = json.loads(done.stdout)
    assert 2_000 < figures["rows"] <= 3_500
    assert figures["fit_s"] > 0
    assert figures["peak_memory_mb"] > 50
    assert figures["model_mb"] > 0
