"""A small world in which people follow paths: what comes next is learned, and the blend shows it."""

from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from dataflix.recommender import Catalogue, History, Interaction, rank
from dataflix.recommender.taste import KnownHistory, taste
from training.choices import Choices
from training.evaluation.comparison import compare
from training.interaction_log import Block, InteractionLog, build_log
from training.model_fit import fit_model
from training.next_item_fit import fit_next_items
from training.progress import Steps
from training.splits import Protocol
from training.training_run import measure

CHOICES = Choices(n_components=6, max_iter=30)
PATHS, LENGTH = 8, 12
QUIET = Steps(Console(quiet=True))


def people_on_paths(people: int = 90, seed: int = 5) -> InteractionLog:
    """Each person watches a stretch of one of eight series in order, and popular movies in between."""
    random = np.random.default_rng(seed)
    rows = []
    for person in range(people):
        path, first = random.integers(PATHS), random.integers(LENGTH - 7)
        movies = [1000 + 100 * path + first + step for step in range(8)]
        for place in sorted(random.choice(8, 2, replace=False), reverse=True):
            movies.insert(place, int(random.integers(1, 6)))
        rows += [(person, movie, at) for at, movie in enumerate(dict.fromkeys(movies))]
    users, items, seconds = (np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))
    stars = random.integers(4, 11, users.size) / 2
    return build_log([Block(users, items, stars * 0.7, stars, seconds * 1_000_000)])


def test_who_went_on_counts_more_than_who_came_from() -> None:
    users, movies = np.array([1, 1, 2, 2]), np.array([1, 2, 1, 2])
    log = build_log([Block(users, movies, np.ones(4), np.ones(4), np.array([1, 2, 1, 2]))])

    table = fit_next_items(log, replace(CHOICES, vote_exponent=1.0))

    forward = table.said(np.array([0]), np.array([1]))[0, 0]
    backward = table.said(np.array([1]), np.array([0]))[0, 0]
    assert backward == pytest.approx(CHOICES.backward * forward)


def test_of_one_moment_neither_comes_first() -> None:
    users, movies = np.array([1, 1, 2, 2]), np.array([1, 2, 1, 2])
    log = build_log([Block(users, movies, np.ones(4), np.ones(4), np.zeros(4, np.int64))])

    table = fit_next_items(log, CHOICES)

    assert table.weights.tolist() == [1.0, 1.0]


def test_several_that_agree_count_more_beside_a_strong_one_where_votes_are_evened_out() -> None:
    log = people_on_paths()

    plain, even = (fit_next_items(log, replace(CHOICES, vote_exponent=exponent)) for exponent in (1.0, 0.5))

    assert np.array_equal(even.items, plain.items)
    assert even.weights == pytest.approx(np.sqrt(plain.weights), rel=1e-5)


def test_only_the_strongest_neighbours_are_kept() -> None:
    table = fit_next_items(people_on_paths(), Choices(neighbours=3))

    assert np.diff(table.starts).max() == 3


def test_what_follows_on_the_path_is_shown_first() -> None:
    log = people_on_paths()
    model = fit_model(log, CHOICES).model
    history = History.of(Interaction(1200 + step, 3.5, at=step, stars=5.0) for step in range(4))

    shown = rank(model, Catalogue.of(model), history, 3).movie_ids.tolist()

    assert 1204 in shown
    assert set(shown) <= set(range(1200, 1200 + LENGTH))


def test_the_blend_is_worth_more_than_popularity_and_the_first_design() -> None:
    result = compare(people_on_paths(), Protocol.LEAVE_LAST_OUT, CHOICES, QUIET)

    ours = result["models"]["dataflix"]["ndcg@10"]
    assert ours > result["models"]["nmf_baseline"]["ndcg@10"]
    assert result["differences"]["popularity"]["ndcg@10"]["interval"][0] > 0
    assert {"popularity", "nmf_baseline", "ease", "ease_recency"} <= set(result["models"])
    assert result["ablation"]["without next_items"]["ndcg@10"] < ours


def test_a_live_training_measures_the_same_way() -> None:
    metrics = measure(people_on_paths(), CHOICES, None, QUIET).metrics

    assert metrics["ndcg_at_10"] > metrics["popularity_ndcg_at_10"]


def test_movies_rated_poorly_weigh_less() -> None:
    model = fit_model(people_on_paths(), CHOICES).model

    def of(poor: int, good: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
        rated = [Interaction(poor, 0.35, at=1, stars=0.5), Interaction(good, 3.5, at=1, stars=5.0)]
        scores = taste(model, KnownHistory.of(model, History.of(rated)))
        assert scores is not None
        return scores

    follower = model.rows_of([1103])[0]
    assert of(poor=1102, good=1402)[follower] < of(poor=1402, good=1102)[follower]
