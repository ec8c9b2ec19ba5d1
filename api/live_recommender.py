"""Recommendations from what is known this very moment: the replica's histories and the watch's champion."""

from api.champion import ChampionWatch
from api.replica import Replica
from api.resources import Recommendation, Recommendations
from dataflix.recommender import Basis, recommend


class LiveRecommender:
    """Answers from memory alone: neither PostgreSQL nor the registry is asked."""

    def __init__(self, replica: Replica, champions: ChampionWatch) -> None:
        self._replica = replica
        self._champions = champions

    def knows(self, user_id: int) -> bool:
        """Whether the stream has brought this person."""
        return user_id in self._replica.users

    def recommend(self, user_id: int, limit: int) -> Recommendations:
        """The best ``limit`` movies that the person has neither rated nor watched."""
        champion = self._champions.current
        history = self._replica.history(user_id)
        chosen = recommend(champion.item_model if champion else None, self._replica.catalogue, history, limit=limit)
        listed = [
            Recommendation(
                movie_id=one.movie_id,
                title=movie.title,
                release_year=movie.release_year,
                genre=movie.genre,
                score=one.score,
            )
            for one in chosen
            if (movie := self._replica.movies.get(one.movie_id))
        ]
        return Recommendations(
            user_id=user_id,
            model_version=str(champion.version) if champion else None,
            history=len(history),
            source="model" if any(one.basis is Basis.TASTE for one in chosen) else "popularity",
            recommendations=listed,
        )
