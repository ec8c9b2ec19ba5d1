"""Answers from the model in memory beside a person's own list: what is like a movie, what is popular, what goes with a
few ratings, and recommendations of one genre only or with their reasons.
"""

from collections.abc import Collection, Iterable
from typing import Any

from api.champion import ChampionWatch
from api.changes import CatalogueMovie
from api.reasons import Picked, with_reasons
from api.replica import Replica
from api.resources.recommendations import (
    AnonymousRating,
    ExplainedRecommendations,
    PopularMovie,
    Recommendation,
    RecommendationList,
)
from dataflix.model_registry import ChampionModel
from dataflix.recommender import Basis, Interaction, interaction_score, recommend


class Explorer:
    """Reads the replica's catalogue and the watch's champion; neither PostgreSQL nor the registry is asked."""

    def __init__(self, replica: Replica, champions: ChampionWatch) -> None:
        self._replica = replica
        self._champions = champions

    def knows_movie(self, movie_id: int) -> bool:
        """Whether the stream has brought this movie."""
        return movie_id in self._replica.movies

    def similar(self, movie_id: int, limit: int) -> RecommendationList:
        """What goes with this movie: what somebody would be recommended who has chosen this one alone."""
        return self._chosen([Interaction(movie_id, interaction_score(5.0), 0)], limit)

    def popular(self, limit: int, genre: str | None) -> list[PopularMovie]:
        """The movies that most people rated or watched, the most popular first."""
        catalogue = self._replica.catalogue
        listed = [
            PopularMovie(
                movie_id=one.movie_id,
                title=movie.title,
                release_year=movie.release_year,
                genre=movie.genre,
                people=catalogue.people(one.movie_id),
            )
            for one in recommend(None, catalogue, [], limit=limit if genre is None else len(catalogue))
            if (movie := self._replica.movies.get(one.movie_id)) and _is_of(movie, genre)
        ]
        return listed[:limit]

    def for_ratings(
        self, ratings: Iterable[AnonymousRating], limit: int, genre: str | None, exclude: Collection[int]
    ) -> RecommendationList:
        """Recommendations for somebody without an account. The newest rating comes last; the last of a movie counts."""
        newest = {one.movie_id: (at, one) for at, one in enumerate(ratings)}
        history = [
            Interaction(movie_id, interaction_score(one.rating, one.liked), at)
            for movie_id, (at, one) in newest.items()
        ]
        return self._chosen(history, limit, genre, exclude)

    def for_user(self, user_id: int, limit: int, genre: str | None, exclude: Collection[int]) -> RecommendationList:
        """What a person is recommended of one genre, or without some movies: their list with the others left out."""
        return self._chosen(self._replica.history(user_id), limit, genre, exclude)

    def explained(
        self, user_id: int, limit: int, genre: str | None, exclude: Collection[int], *, fresh: bool | None = None
    ) -> ExplainedRecommendations:
        """``for_user``, and which of the person's movies speak for each."""
        champion, history = self._champions.current, self._replica.history(user_id)
        picked = self._pick(champion, history, limit, genre, exclude)
        model = champion.item_model if champion else None
        return ExplainedRecommendations(
            user_id=user_id,
            fresh=fresh,
            **_about(champion, history, picked),
            recommendations=with_reasons(model, history, picked, self._replica.movies.get),
        )

    def _chosen(
        self,
        history: Collection[Interaction],
        limit: int,
        genre: str | None = None,
        exclude: Collection[int] = (),
    ) -> RecommendationList:
        champion = self._champions.current
        picked = self._pick(champion, history, limit, genre, exclude)
        return RecommendationList(
            **_about(champion, history, picked), recommendations=[recommendation for _, recommendation in picked]
        )

    def _pick(
        self,
        champion: ChampionModel | None,
        history: Collection[Interaction],
        limit: int,
        genre: str | None,
        exclude: Collection[int],
    ) -> list[Picked]:
        catalogue, left_out = self._replica.catalogue, frozenset(exclude)
        asked = limit + len(left_out) if genre is None else len(catalogue)
        chosen = recommend(champion.item_model if champion else None, catalogue, history, limit=asked)
        return [
            Picked(one.basis, _listed(one.movie_id, movie, one.score))
            for one in chosen
            if (movie := self._replica.movies.get(one.movie_id))
            and one.movie_id not in left_out
            and _is_of(movie, genre)
        ][:limit]


def _about(
    champion: ChampionModel | None, history: Collection[Interaction], picked: Collection[Picked]
) -> dict[str, Any]:
    """What a list says of itself."""
    by_taste = any(one.basis is Basis.TASTE for one in picked)
    return {
        "model_version": str(champion.version) if champion else None,
        "history": len(history),
        "source": "model" if by_taste else "popularity",
    }


def _listed(movie_id: int, movie: CatalogueMovie, score: float) -> Recommendation:
    return Recommendation(
        movie_id=movie_id, title=movie.title, release_year=movie.release_year, genre=movie.genre, score=score
    )


def _is_of(movie: CatalogueMovie, genre: str | None) -> bool:
    return genre is None or genre.lower() in (movie.genre or "").lower().split("|")
