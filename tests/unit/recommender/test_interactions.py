"""How strongly a person chose a movie."""

import pytest

from dataflix.recommender import WATCHED_ONLY_SCORE, interaction_score


@pytest.mark.parametrize(
    ("rating", "liked", "score"),
    [(5.0, True, 3.8), (5.0, False, 3.5), (5.0, None, 3.5), (3.5, None, 2.45), (0.5, True, 0.65), (0.5, None, 0.35)],
)
def test_stars_weigh_seven_tenths_and_a_thumb_up_three(rating: float, liked: bool | None, score: float) -> None:
    assert interaction_score(rating, liked) == score


def test_a_movie_watched_and_not_rated_counts_less_than_one_rated_one_and_a_half_stars() -> None:
    assert interaction_score(None) == WATCHED_ONLY_SCORE
    assert interaction_score(1.0) < WATCHED_ONLY_SCORE < interaction_score(1.5)
