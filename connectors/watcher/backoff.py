"""When to try again what failed: at once, then at longer and longer intervals. Pure."""

from dataclasses import dataclass


@dataclass(slots=True)
class Backoff:
    """Doubles the wait after every try, and forgets the tries once all has been well for long enough. Seconds.

    ``now`` is any clock that only goes forward, the same one at each call.
    """

    first_s: float = 1.0  # between the first try and the second
    longest_s: float = 300.0
    calm_s: float = 600.0
    tries: int = 0  # since it was last calm
    _next_at: float = float("-inf")
    _well_since: float | None = None

    def well(self, now: float) -> None:
        """Nothing is wrong at ``now``."""
        self._well_since = now if self._well_since is None else self._well_since
        if self.tries and now - self._well_since >= self.calm_s:
            self.tries, self._next_at = 0, float("-inf")

    def due_in(self, now: float) -> float:
        """Something is wrong at ``now``: the seconds until the next try, 0 when it is due."""
        self._well_since = None
        return max(0.0, self._next_at - now)

    def tried(self, now: float) -> None:
        """A try was made at ``now``."""
        self._next_at = now + min(self.first_s * 2**self.tries, self.longest_s)
        self.tries += 1
