"""Latencies summed up."""

from collections.abc import Sequence

import numpy as np


def milliseconds(seconds: Sequence[float]) -> dict[str, float]:
    """p50, p95, p99 and maximum of latencies given in seconds, in milliseconds with one decimal."""
    values = np.asarray(seconds) * 1000
    p50, p95, p99 = np.percentile(values, [50, 95, 99])
    return {
        name: round(float(value), 1)
        for name, value in zip(("p50", "p95", "p99", "max"), (p50, p95, p99, values.max()), strict=True)
    }
