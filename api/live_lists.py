"""The recommendation lists that somebody watches: sent again, with what moved, whenever they have changed."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Literal

from api.broadcast import Broadcast
from api.live_events import EventKind, ListedMovie, RecommendationsEvent
from api.live_recommender import LiveRecommender
from api.progress import Progress
from api.resources.recommendations import Recommendations

LENGTH = 10  # movies of a list
MILLISECONDS = 1000.0
Cause = Literal["connected", "history", "model", "others"]


class LiveLists:
    """Looks at the lists of those who are watched. ``wall_clock`` gives the seconds since 1970.

    Until ``progress`` has caught up nobody is shown a list: of those whose history is not read yet it would be wrong.
    """

    def __init__(
        self,
        recommender: LiveRecommender,
        broadcast: Broadcast,
        progress: Progress,
        wall_clock: Callable[[], float],
    ) -> None:
        self._recommender = recommender
        self._broadcast = broadcast
        self._progress = progress
        self._now = wall_clock
        self._watchers: Counter[int] = Counter()
        self._shown: dict[int, Recommendations] = {}

    @contextmanager
    def watching(self, user_id: int) -> Iterator[bytes]:
        """While somebody watches this person's list. Gives the data of the first event, the list as it is.

        There are none while this process catches up; the event is sent to all who watch when it has.
        """
        self._watchers[user_id] += 1
        try:
            yield self._first(user_id) if self._progress.caught_up else b""
        finally:
            self._watchers[user_id] -= 1
            if not self._watchers[user_id]:
                del self._watchers[user_id]
                self._shown.pop(user_id, None)

    def caught_up(self) -> None:
        """From now on lists are right: show them to those who wait for theirs."""
        for user_id in self._watchers.keys() - self._shown.keys():
            self._broadcast.publish(EventKind.RECOMMENDATIONS, self._first(user_id), user_id)

    def history_changed(self, commits: Mapping[int, datetime]) -> None:
        """People whose history changed just now, each with the commit that did it."""
        for user_id in self._shown.keys() & commits.keys():
            milliseconds = round((self._now() - commits[user_id].timestamp()) * MILLISECONDS, 1)
            self._look(user_id, "history", milliseconds)

    def look_at_all(self, cause: Literal["model", "others"]) -> None:
        """Something changed that can move every list."""
        for user_id in list(self._shown):
            self._look(user_id, cause, None)

    def _first(self, user_id: int) -> bytes:
        shown = self._shown.setdefault(user_id, self._recommender.recommend(user_id, LENGTH))
        return _event(shown, None, "connected", None).model_dump_json().encode()

    def _look(self, user_id: int, cause: Cause, milliseconds: float | None) -> None:
        before, now = self._shown[user_id], self._recommender.recommend(user_id, LENGTH)
        self._shown[user_id] = now
        if _places(before) != _places(now) or before.model_version != now.model_version:
            event = _event(now, before, cause, milliseconds)
            self._broadcast.publish(EventKind.RECOMMENDATIONS, event.model_dump_json().encode(), user_id)


def _places(listed: Recommendations) -> dict[int, int]:
    return {one.movie_id: place for place, one in enumerate(listed.recommendations, start=1)}


def _event(
    now: Recommendations, before: Recommendations | None, cause: Cause, milliseconds: float | None
) -> RecommendationsEvent:
    places_before, places = _places(before) if before else {}, _places(now)
    return RecommendationsEvent(
        user_id=now.user_id,
        cause=cause,
        milliseconds=milliseconds,
        model_version=now.model_version,
        history=now.history,
        source=now.source,
        movies=[
            ListedMovie(
                movie_id=one.movie_id,
                title=one.title,
                release_year=one.release_year,
                genre=one.genre,
                score=one.score,
                place=places[one.movie_id],
                before=places_before.get(one.movie_id),
            )
            for one in now.recommendations
        ],
        left=[movie_id for movie_id in places_before if movie_id not in places],
    )
