"""Recommendations from what is known this very moment: the replica's histories and the watch's champion."""

from collections.abc import Collection
from dataclasses import dataclass

from api.champion import ChampionWatch
from api.replica import History, Replica
from api.resources.recommendations import Recommendation, Recommendations
from dataflix.model_registry import ChampionModel
from dataflix.recommender import Basis, recommend

REMEMBERED = 5_000  # people whose last answer is kept
_NOBODY = 0
_FRESH_IS_OPEN = b'"fresh":null'
_JSON = {True: b"true", False: b"false"}


@dataclass(frozen=True, slots=True)
class _Answered:
    """An answer, and everything that it was computed from."""

    history: History
    champion: ChampionModel | None
    revisions: tuple[int, ...]
    limit: int
    answer: Recommendations
    rendered: bytes


class LiveRecommender:
    """Answers from memory alone: neither PostgreSQL nor the registry is asked.

    A person's last answer is given again while their history, the champion and the movies are the same. What rests on
    popularity moves with everybody's ratings; of those without a history it is one list, kept once for all.
    """

    def __init__(self, replica: Replica, champions: ChampionWatch) -> None:
        self._replica = replica
        self._champions = champions
        self._answered: dict[int, _Answered] = {}
        self._of_nobody: _Answered | None = None

    def knows(self, user_id: int) -> bool:
        """Whether the stream has brought this person."""
        return user_id in self._replica.users

    def recommend(self, user_id: int, limit: int) -> Recommendations:
        """The best ``limit`` movies that the person has neither rated nor watched."""
        history = self._replica.history(user_id)
        if not history:
            return self._popular(limit).answer.model_copy(update={"user_id": user_id})
        return self._of(user_id, history, limit).answer

    def rendered(self, user_id: int, limit: int, fresh: bool | None = None) -> bytes:
        """The same as JSON. ``fresh`` says whether what was asked for has come."""
        history = self._replica.history(user_id)
        if history:
            body = self._of(user_id, history, limit).rendered
        else:
            body = b'{"user_id":%d,' % user_id + self._popular(limit).rendered
        # No title holds these bytes: a quotation mark within a text has a backslash before it
        return body if fresh is None else body.replace(_FRESH_IS_OPEN, b'"fresh":%s' % _JSON[fresh], 1)

    def _of(self, user_id: int, history: History, limit: int) -> _Answered:
        champion, last = self._champions.current, self._answered.get(user_id)
        revisions = (self._replica.catalogue_revision,)
        if last is not None and _still_holds(last, history, champion, revisions, limit):
            return last
        answer, bases = self._compute(user_id, champion, history, limit)
        answered = _Answered(history, champion, revisions, limit, answer, answer.model_dump_json().encode())
        if bases == {Basis.TASTE}:
            self._remember(user_id, answered)
        return answered

    def _popular(self, limit: int) -> _Answered:
        """The list of whoever has no history; ``rendered`` lacks the beginning, which names the person."""
        champion, last = self._champions.current, self._of_nobody
        revisions = (self._replica.catalogue_revision, self._replica.popularity_revision)
        if last is not None and _still_holds(last, (), champion, revisions, limit):
            return last
        answer, _ = self._compute(_NOBODY, champion, (), limit)
        rendered = answer.model_dump_json(exclude={"user_id"}).encode()[1:]
        self._of_nobody = _Answered((), champion, revisions, limit, answer, rendered)
        return self._of_nobody

    def _compute(
        self, user_id: int, champion: ChampionModel | None, history: History, limit: int
    ) -> tuple[Recommendations, Collection[Basis]]:
        """The answer, and what its movies rest on."""
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
        return answer, bases

    def _remember(self, user_id: int, answered: _Answered) -> None:
        self._answered.pop(user_id, None)
        self._answered[user_id] = answered
        if len(self._answered) > REMEMBERED:
            del self._answered[next(iter(self._answered))]


def _still_holds(
    last: _Answered, history: History, champion: ChampionModel | None, revisions: tuple[int, ...], limit: int
) -> bool:
    return last.history is history and last.champion is champion and last.revisions == revisions and last.limit == limit
