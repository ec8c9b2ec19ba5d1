"""Events a second, from the moment that the first are through. Pure."""

from dataclasses import dataclass


@dataclass(slots=True)
class Pace:
    """Begins with the first events that were seen, so that neither a start nor a connection is in the figure."""

    _first: tuple[int, float] | None = None
    _last: tuple[int, float] = (0, 0.0)

    def saw(self, events: int, at: float) -> None:
        """``events`` so far, at ``at`` seconds of any clock."""
        if events and self._first is None:
            self._first = (events, at)
        if events > self._last[0]:
            self._last = (events, at)

    @property
    def per_second(self) -> int | None:
        """Events a second between the first and the last sight; None while there is but one: too few to measure."""
        if self._first is None or self._last[1] <= self._first[1]:
            return None
        return round((self._last[0] - self._first[0]) / (self._last[1] - self._first[1]))
