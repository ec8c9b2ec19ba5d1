"""A version described for whoever wonders whether to trust it, in Markdown."""

from collections.abc import Mapping
from typing import Final

from dataflix.model_registry import MODEL_NAME
from training.roster import Entry

PROTOCOLS: Final = (  # what is held out, and how its metrics begin
    ("each person's newest fifth, which the gate goes by", ""),
    ("each person's newest interaction", "leave_last_out_"),
    ("the newest fifth of all interactions", "time_split_"),
)


def model_card(entry: Entry) -> str:
    """The card of a version, from what its run records."""
    metrics, candidate, verdict = entry.metrics, entry.candidate, entry.candidate.verdict
    gate = "It was not asked." if verdict is None else f"{'Passed' if verdict.passed else 'Rejected'}: {verdict.reason}"
    lines = [
        f"# {MODEL_NAME}, version {candidate.version}",
        "",
        "Recommends movies to a person from what they watched and rated so far, and predicts the stars they would "
        "give. Four parts vote: factors of a non-negative factorisation, what people went on to, what the same people "
        "chose, popularity. A history is folded in when it is asked for: nothing about any person is in the model.",
        "",
        "## Data",
        "",
        f"{_count(metrics, 'interactions')} interactions of {_count(metrics, 'users')} people with "
        f"{_count(metrics, 'items')} movies, data set `{candidate.snapshot or 'unknown'}`. Trained "
        f"{candidate.at:%Y-%m-%d %H:%M} UTC.",
        "",
        "## Measured",
        "",
        "Fitted again without what was held out; every movie ranked that the person had not seen; nobody left out.",
        "",
        "| held out | people | NDCG@10 | recall@10 | NDCG@10 of popularity |",
        "|---|---|---|---|---|",
        *(_row(metrics, held_out, prefix) for held_out, prefix in PROTOCOLS),
        "",
        f"Predicted stars: RMSE {_figure(metrics, 'rmse')}, MAE {_figure(metrics, 'mae')}. "
        f"Movies shown to somebody: {_figure(metrics, 'coverage')} of all.",
        "",
        f"**Gate.** {gate}",
        "",
        "## Limits",
        "",
        "Who has no history is shown what is popular. A movie that nobody has chosen yet is never recommended by "
        "taste. What is recommended is chosen more: popular movies stay so (`plots/long_tail.png`). Watching counts as "
        "interest, whoever held the remote control.",
        "",
        "## Choices",
        "",
        ", ".join(f"{name} {value}" for name, value in sorted(entry.params.items())) + ".",
        "",
        "## Use",
        "",
        f'`mlflow.pyfunc.load_model("models:/{MODEL_NAME}/{candidate.version}")` or `mlflow models serve`: one row a '
        "person, `movie_ids` in the order rated and their `ratings`. It needs MLflow, NumPy and pandas.",
        "",
    ]
    return "\n".join(lines)


def _row(metrics: Mapping[str, float], held_out: str, prefix: str) -> str:
    people = _count(metrics, "evaluated_people" if not prefix else f"{prefix}people")
    names = ("ndcg_at_10", "recall_at_10", "popularity_ndcg_at_10")
    return " | ".join([f"| {held_out}", people, *(_figure(metrics, prefix + name) for name in names)]) + " |"


def _count(metrics: Mapping[str, float], name: str) -> str:
    return f"{metrics[name]:,.0f}" if name in metrics else "?"


def _figure(metrics: Mapping[str, float], name: str) -> str:
    return f"{metrics[name]:.4f}" if name in metrics else "not measured"
