"""How strongly a person chose a movie: one number from stars, thumb and watching."""

from dataclasses import dataclass

RATING_WEIGHT = 0.7
LIKED_WEIGHT = 0.3
SCORE_DECIMALS = 2

# Watched and never rated: weaker than any movie rated one and a half stars or better.
# dbt computes the same matrix in SQL; its variable `watched_only_weight` is held equal to this by a test.
WATCHED_ONLY_SCORE = 1.0


@dataclass(frozen=True, slots=True)
class Interaction:
    """What one person did with one movie; a history holds at most one for each movie.

    ``score`` comes from ``interaction_score``. ``at`` is when, in microseconds since 1970 (UTC); only its order counts.
    """

    movie_id: int
    score: float
    at: int


def interaction_score(rating: float | None, liked: bool | None = None) -> float:
    """Score of stars (0.5 to 5.0) and a thumb: ``0.7 * rating + 0.3 * liked``; no thumb and thumb down add nothing.

    ``rating`` is None for a movie that was watched and not rated.
    """
    if rating is None:
        return WATCHED_ONLY_SCORE
    return round(RATING_WEIGHT * rating + LIKED_WEIGHT * bool(liked), SCORE_DECIMALS)
