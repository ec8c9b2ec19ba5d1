"""What the event stream has brought of late: how many changes of which table, and how long each took."""

from collections import Counter, deque
from collections.abc import Callable, Mapping
from statistics import median
from time import monotonic

WINDOW_S = 10.0
_LATEST = 100  # changes whose time is kept


class Flow:
    """Counts changes. ``clock`` gives seconds that only go on."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._recent: deque[tuple[float, str]] = deque()
        self._took: deque[float] = deque(maxlen=_LATEST)
        self.seen = Counter[str]()

    def take(self, table: str, milliseconds: float | None) -> None:
        """A change was counted by the API, so many milliseconds after its commit."""
        self.seen[table] += 1
        self._recent.append((self._clock(), table))
        if milliseconds is not None:
            self._took.append(milliseconds)

    def rates(self) -> Mapping[str, float]:
        """Changes a second by table, over the last ten seconds."""
        while self._recent and self._recent[0][0] < self._clock() - WINDOW_S:
            self._recent.popleft()
        return {table: count / WINDOW_S for table, count in Counter(table for _, table in self._recent).items()}

    @property
    def milliseconds(self) -> float | None:
        """The median from commit to API of the newest changes, None before the first."""
        return median(self._took) if self._took else None
