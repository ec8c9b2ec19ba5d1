"""Recommendations from what is known this very moment: the replica's histories and the watch's champion."""

from dataclasses import dataclass

from api.champion import ChampionWatch
from api.replica import History, Replica
from api.resources.recommendations import Recommendation, Recommendations
from dataflix.model_registry import ChampionModel
from dataflix.recommender import Basis, recommend

REMEMBERED = 10_000  # people whose last answer is kept


@dataclass(frozen=True, slots=True)
class _Answered:
    """An answer, and everything that it was computed from."""

    history: History
    champion: ChampionModel
    catalogue_revision: int
    limit: int
    answer: Recommendations
    rendered: bytes


class LiveRecommender:
    """Answers from memory alone: neither PostgreSQL nor the registry is asked.

    A person's last answer is given again while their history, the champion and the movies are the same.
    """

    def __init__(self, replica: Replica, champions: ChampionWatch) -> None:
        self._replica = replica
        self._champions = champions
        self._answered: dict[int, _Answered] = {}

    def knows(self, user_id: int) -> bool:
        """Whether the stream has brought this person."""
        return user_id in self._replica.users

    def recommend(self, user_id: int, limit: int) -> Recommendations:
        """The best ``limit`` movies that the person has neither rated nor watched."""
        return self._answer(user_id, limit)[0]

    def rendered(self, user_id: int, limit: int) -> bytes:
        """The same as JSON."""
        answer, rendered = self._answer(user_id, limit)
        return answer.model_dump_json().encode() if rendered is None else rendered

    def _answer(self, user_id: int, limit: int) -> tuple[Recommendations, bytes | None]:
        """The answer; as JSON too where it was given before."""
        champion, history = self._champions.current, self._replica.history(user_id)
        revision, last = self._replica.catalogue_revision, self._answered.get(user_id)
        if (
            last is not None
            and last.history is history
            and last.champion is champion
            and (last.catalogue_revision, last.limit) == (revision, limit)
        ):
            return last.answer, last.rendered
        answer, lasting = self._compute(user_id, champion, history, limit)
        if champion is not None and lasting:
            rendered = answer.model_dump_json().encode()
            self._remember(user_id, _Answered(history, champion, revision, limit, answer, rendered))
            return answer, rendered
        return answer, None

    def _compute(
        self, user_id: int, champion: ChampionModel | None, history: History, limit: int
    ) -> tuple[Recommendations, bool]:
        """The answer, and whether it lasts: what rests on popularity moves with everybody's ratings."""
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
        bases = {one.basis for one in chosen}
        answer = Recommendations(
            user_id=user_id,
            model_version=str(champion.version) if champion else None,
            history=len(history),
            source="model" if Basis.TASTE in bases else "popularity",
            recommendations=listed,
        )
        return answer, bases == {Basis.TASTE}

    def _remember(self, user_id: int, answered: _Answered) -> None:
        self._answered.pop(user_id, None)
        self._answered[user_id] = answered
        if len(self._answered) > REMEMBERED:
            del self._answered[next(iter(self._answered))]
