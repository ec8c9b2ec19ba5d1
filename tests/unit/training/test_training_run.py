"""A training measures its choices on what it held out, and serves what it fitted to everything."""

import numpy as np
import pytest
from interactions import a_block, two_tastes
from rich.console import Console

from dataflix.recommender import Catalogue, Interaction, model_to_bytes, recommend
from training.choices import Choices
from training.factorisation import factorise
from training.interaction_log import Block, build_log
from training.progress import Steps
from training.training_run import Trained, fit, measure, read

CHOICES = Choices(n_components=2, max_iter=100)
QUIET = Steps(Console(quiet=True))


def trained(choices: Choices = CHOICES) -> Trained:
    return fit(read([two_tastes()], QUIET), choices, QUIET)


def measured(block: Block, choices: Choices = CHOICES, champion: Choices | None = None) -> dict[str, float]:
    return measure(read([block], QUIET), choices, champion, QUIET).metrics


def test_the_model_recommends_what_people_of_the_same_taste_chose() -> None:
    model = trained().model

    shown = recommend(model, Catalogue.of(model), [Interaction(1000, 3.5, at=0)], limit=3)

    assert {one.movie_id for one in shown} == {1002, 1004, 1006}


def test_the_served_model_has_seen_every_interaction() -> None:
    model, block = trained().model, two_tastes()

    assert model.popularity.sum() == block.scores.size
    assert model.item_ids.tolist() == sorted(set(block.movie_ids.tolist()))


def test_every_factor_has_length_one_over_all_movies_or_is_empty() -> None:
    lengths = np.linalg.norm(trained(Choices(n_components=4)).model.factors, axis=0)

    assert all(length == pytest.approx(1, abs=1e-6) or length == 0 for length in lengths.tolist())


def test_metrics_tell_size_sparsity_and_errors() -> None:
    metrics = trained().metrics | measured(two_tastes())

    assert (metrics["users"], metrics["items"], metrics["interactions"]) == (12, 8, two_tastes().scores.size)
    assert metrics["sparsity"] == 1 - two_tastes().scores.size / (12 * 8)
    assert 0 <= metrics["mae"] <= metrics["rmse"] < 0.5
    assert 0 < metrics["coverage"] <= 1
    assert 0 < metrics["held_out_interactions"] < metrics["interactions"]


def test_the_same_data_and_seed_give_the_same_model() -> None:
    assert model_to_bytes(trained().model) == model_to_bytes(trained().model)


def test_without_anything_to_hold_out_there_are_no_errors_but_there_is_a_model() -> None:
    two = a_block([(1, 1, 3.5), (2, 2, 3.5)])

    assert measured(two) == {"evaluated_people": 0}
    assert fit(read([two], QUIET), CHOICES, QUIET).model.item_ids.tolist() == [1, 2]


def test_a_model_of_tastes_is_worth_more_than_popularity() -> None:
    metrics = measured(two_tastes(people=60, movies=40))

    assert metrics["ndcg_at_10"] > metrics["popularity_ndcg_at_10"] > 0


def test_the_same_choices_as_the_champions_are_worth_the_same() -> None:
    metrics = measured(two_tastes(), champion=CHOICES)

    assert metrics["champion_ndcg_at_10"] == metrics["ndcg_at_10"]
    assert metrics["champion_ndcg_difference_upper"] == 0


def test_a_champion_that_tells_tastes_apart_is_worth_more_than_one_that_knows_a_neighbour_each() -> None:
    narrow = Choices(n_components=1, neighbours=1)
    metrics = measured(two_tastes(people=60, movies=40), narrow, champion=CHOICES)

    assert metrics["champion_ndcg_at_10"] > metrics["ndcg_at_10"]


def test_more_factors_than_people_are_no_trouble() -> None:
    assert trained(Choices(n_components=30)).model.rank == 30


def test_a_fit_that_runs_out_of_iterations_says_so() -> None:
    log = build_log([two_tastes()])

    assert not factorise(log, Choices(n_components=3, max_iter=1)).converged
    assert factorise(log, Choices(n_components=1, max_iter=500)).converged
