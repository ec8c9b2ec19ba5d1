"""The plots of a version, as PNG. matplotlib comes with MLflow; no window and no global state of it is touched."""

import io
import warnings

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dataflix.recommender.arrays import Float64Array
from training.report.curves import TENTHS, ByRank
from training.report.factor_map import FactorMap

OWN, OTHER, PALE = "#1f6f8b", "#c8553d", "#b9c3c9"
DOTS_PER_INCH = 130


def metric_by_rank(own: ByRank, popularity: ByRank) -> bytes:
    """NDCG and recall of the first ranks, beside popularity."""
    figure = Figure(figsize=(9, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    for axes, name, ours, theirs in (
        (left, "NDCG", own.ndcg, popularity.ndcg),
        (right, "recall", own.recall, popularity.recall),
    ):
        ranks = np.arange(1, ours.size + 1)
        axes.plot(ranks, ours, marker="o", markersize=4, color=OWN, label="this version")
        axes.plot(ranks, theirs, marker="o", markersize=4, color=OTHER, label="popularity")
        axes.set_xticks(ranks)
        axes.set_ylim(bottom=0)
        _label(axes, f"{name} of the first n shown", "n", f"{name}@n")
    left.legend(frameon=False)
    return _png(figure)


def long_tail(chosen: Float64Array, shown: Float64Array, popular: Float64Array, coverage: float) -> bytes:
    """Which movies are shown, beside which are chosen, by tenths of their popularity."""
    figure = Figure(figsize=(9, 3.8), layout="constrained")
    axes = figure.subplots()
    places = np.arange(TENTHS)
    for offset, shares, colour, label in (
        (-0.27, chosen, PALE, "chosen by people"),
        (0.0, shown, OWN, "shown by this version"),
        (0.27, popular, OTHER, "shown by popularity"),
    ):
        axes.bar(places + offset, 100 * shares, width=0.25, color=colour, label=label)
    axes.set_xticks(places, ["most\npopular", *map(str, range(2, TENTHS)), "least\npopular"])
    title = f"The long tail: {100 * coverage:.1f} % of all movies are shown to somebody"
    _label(axes, title, "tenth of the movies", "% of interactions, of places in lists")
    axes.legend(frameon=False)
    return _png(figure)


def learning_curve(interactions: Float64Array, ndcg: Float64Array) -> bytes:
    """What more data was worth, and so may be worth."""
    figure = Figure(figsize=(6, 3.8), layout="constrained")
    axes = figure.subplots()
    axes.plot(interactions, ndcg, marker="o", color=OWN)
    axes.set_xscale("log", base=2)
    axes.set_xticks(interactions, [f"{count:,.0f}" for count in interactions])
    axes.minorticks_off()
    axes.set_ylim(bottom=0)
    _label(axes, "What more data is worth", "interactions learned from", "NDCG@10 of the same people")
    return _png(figure)


def factor_heat_map(found: FactorMap) -> bytes:
    """The movies that define the factors that say most."""
    figure = Figure(figsize=(9, 1.6 + 0.24 * len(found.names)), layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(found.weights, aspect="auto", cmap="YlGnBu", vmin=0, vmax=1)
    axes.set_yticks(range(len(found.names)), found.names, fontsize=8, parse_math=False)
    axes.set_xticks(range(len(found.factors)), list(map(str, found.factors)))
    axes.set_title("Movies that define each factor", loc="left")
    axes.set_xlabel("factor, those that say most first")
    figure.colorbar(image, ax=axes, label="share of the largest weight in the factor", shrink=0.5)
    return _png(figure)


def _label(axes: Axes, title: str, across: str, up: str) -> None:
    axes.set_title(title, loc="left")
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.grid(axis="y", alpha=0.3)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # a title may be in a script that the font lacks: it is drawn as boxes, and that is no news for a terminal
        warnings.filterwarnings("ignore", message="Glyph", category=UserWarning)
        figure.savefig(buffer, format="png", dpi=DOTS_PER_INCH)
    return buffer.getvalue()
