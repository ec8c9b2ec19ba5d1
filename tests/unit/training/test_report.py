"""What is kept with a version tells what was measured, in figures, plots and words."""

import struct
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from interactions import a_block, two_tastes
from rich.console import Console

from dataflix.recommender import ItemModel
from training.candidates import GATE_TAG, REASON_TAG, SNAPSHOT_TAG, Candidate
from training.choices import Choices
from training.evaluation.metrics import CUT, ranking_metrics
from training.evaluation.people import Answers
from training.interaction_log import InteractionLog, build_log
from training.progress import Steps
from training.report import curves, further_measures
from training.report.factor_map import LONGEST_TITLE, factor_map
from training.report.model_card import model_card
from training.report.report import of_measuring, of_model
from training.roster import Entry
from training.splits import Asked
from training.training_run import fit, measure

CHOICES = Choices(n_components=2, max_iter=60)
QUIET = Steps(Console(quiet=True))
PNG = b"\x89PNG\r\n\x1a\n"
LONGEST_DESCRIPTION = 5000  # of a version, in MLflow


def a_log(people: int = 60, movies: int = 40) -> InteractionLog:
    return build_log([two_tastes(people, movies)])


def an_answer(shown: list[list[int]]) -> Answers:
    nothing = np.zeros(len(shown))
    return Answers(nothing, nothing, nothing, [np.array(one, dtype=np.int64) for one in shown], [])


def asked_for(movie_ids: list[int]) -> Asked:
    log = a_log()
    return Asked(1, log.history(0, 1), np.array(movie_ids), np.full(len(movie_ids), np.nan, dtype=np.float32))


@given(st.lists(st.integers(1, 30), unique=True, max_size=CUT), st.lists(st.integers(1, 30), unique=True, min_size=1))
def test_the_last_rank_of_the_curve_is_the_metric_itself(shown: list[int], relevant: list[int]) -> None:
    found = curves.by_rank(an_answer([shown]), [asked_for(relevant)])

    wanted = ranking_metrics(np.array(shown, dtype=np.int64), np.array(relevant))
    assert found.ndcg[-1] == pytest.approx(wanted.ndcg)
    assert found.recall[-1] == pytest.approx(wanted.recall)
    assert np.all(np.diff(found.recall) >= 0)


def test_tenths_hold_a_tenth_of_the_movies_each_the_most_popular_first() -> None:
    log = a_log()

    tenths = curves.tenths_of(log)

    assert np.bincount(tenths).tolist() == [4] * 10
    assert log.popularity[tenths == 0].min() >= log.popularity[tenths == 9].max()
    assert curves.chosen_by_tenth(log).sum() == pytest.approx(1)
    assert curves.shown_by_tenth(an_answer([[]]), log).tolist() == [0] * 10
    most_popular = log.item_ids[tenths == 0].tolist()
    assert curves.shown_by_tenth(an_answer([most_popular]), log).tolist() == [1, *[0] * 9]


def test_a_share_of_the_people_keeps_their_whole_histories() -> None:
    log = a_log()

    half = further_measures.drawn(log, 0.5, seed=1)

    assert half.user_ids.size == 30
    whole = dict(zip(*np.unique(log.user_ids[log.users], return_counts=True), strict=True))
    kept = dict(zip(*np.unique(half.user_ids[half.users], return_counts=True), strict=True))
    assert kept.items() <= whole.items()


def test_more_than_a_report_is_worth_is_drawn_from(monkeypatch: pytest.MonkeyPatch) -> None:
    log = a_log()
    monkeypatch.setattr(further_measures, "MOST_INTERACTIONS", len(log) // 3)

    assert further_measures.bounded(log, seed=1).user_ids.size == 20


def test_the_learning_curve_ends_with_everything_that_was_learned_from() -> None:
    evidence = measure(a_log(), CHOICES, None, QUIET).evidence
    assert evidence

    divided, blend = evidence.divided, evidence.blend
    sizes, ndcg = further_measures.learning_curve(divided, CHOICES, blend)
    again = further_measures.learning_curve(divided, CHOICES, blend, evidence.own.ndcg)

    assert sizes.tolist() == sorted(sizes.tolist())
    assert sizes[-1] == len(divided.train)
    assert np.all((ndcg >= 0) & (ndcg <= 1))
    assert again[0].tolist() == sizes.tolist()
    assert again[1].tolist() == pytest.approx(ndcg.tolist()), "what is known is not what a fit of everything gives"


def size_of(png: bytes) -> tuple[int, int]:
    assert png.startswith(PNG)
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def test_a_report_has_every_protocol_and_every_plot() -> None:
    log = a_log()

    report = of_measuring(log, CHOICES, measure(log, CHOICES, None, QUIET), QUIET)

    assert report.files.keys() == {"plots/metric_by_rank.png", "plots/long_tail.png", "plots/learning_curve.png"}
    assert all(min(size_of(png)) > 300 for png in report.files.values())
    assert report.metrics["leave_last_out_people"] == 60
    assert {"recall_at_10", "leave_last_out_ndcg_at_10", "time_split_ndcg_at_10", "time_split_recall_at_10"} <= (
        report.metrics.keys()
    )
    assert all(0 <= value <= 1 for name, value in report.metrics.items() if not name.endswith("_people"))


def test_where_nothing_can_be_held_out_there_is_nothing_to_report() -> None:
    log = build_log([a_block([(1, 1, 3.5), (2, 2, 3.5)])])

    report = of_measuring(log, CHOICES, measure(log, CHOICES, None, QUIET), QUIET)

    assert (report.metrics, report.files) == ({}, {})


def test_the_factors_are_named_by_the_movies_that_define_them() -> None:
    model = ItemModel(
        np.array([1, 2, 3]),
        np.array([[0.5, 0], [0.25, 0], [0, 1]], dtype=np.float32),
        np.array([1, 1, 9], dtype=np.float32),
    )

    found = factor_map(model, {1: "Heat", 3: "A title that goes on and on, longer than any page is wide"})

    assert found.factors == [1, 0]
    assert found.names[1:] == ["Heat", "movie 2"]
    assert len(found.names[0]) <= LONGEST_TITLE
    assert found.weights.tolist() == [[1, 0], [0, 1], [0, 0.5]]


def test_a_model_is_drawn_with_what_it_came_out_of() -> None:
    model = fit(a_log(), CHOICES, QUIET).model

    files = of_model(model, {1000: "An $odd$ title_ 七人の侍"}).files

    assert min(size_of(files["plots/factors.png"])) > 100
    assert b'"scikit-learn"' in files["environment.json"]
    assert files.keys() == of_model(replace(model), {}).files.keys()


def an_entry(tags: dict[str, str], metrics: dict[str, float]) -> Entry:
    candidate = Candidate(7, "r7", datetime(2026, 1, 2, 3, 4, tzinfo=UTC), tags)
    return Entry(candidate, False, metrics, dict.fromkeys(Choices.__slots__, "0.123456789"))


def test_the_card_tells_figures_gate_and_data() -> None:
    metrics = {"interactions": 100836.0, "users": 610.0, "items": 9724.0, "evaluated_people": 610.0}
    metrics |= {"ndcg_at_10": 0.15684, "recall_at_10": 0.1, "popularity_ndcg_at_10": 0.087, "time_split_people": 28.0}

    card = model_card(an_entry({SNAPSHOT_TAG: "abc", GATE_TAG: "rejected", REASON_TAG: "It is worse."}, metrics))

    assert "version 7" in card
    assert "100,836 interactions of 610 people with 9,724 movies, data set `abc`" in card
    assert "| each person's newest fifth, which the gate goes by | 610 | 0.1568 | 0.1000 | 0.0870 |" in card
    assert "| the newest fifth of all interactions | 28 | not measured |" in card
    assert "Rejected: It is worse." in card
    assert len(card) < LONGEST_DESCRIPTION


def test_the_card_of_a_version_of_which_little_is_known_says_so() -> None:
    card = model_card(an_entry({}, {}))

    assert "? interactions" in card
    assert "It was not asked." in card
