"""The model that is served, and the watch that takes up a new champion without a restart."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from dataflix.errors import DataflixError
from dataflix.model_registry import ChampionModel

log = structlog.get_logger(__name__)

LOOK_EVERY = 10.0  # seconds; an announcement is answered at once, this catches the one that was missed

Switched = Callable[[str | None, str | None], None]
FetchChampion = Callable[[ChampionModel | None], Awaitable[ChampionModel | None]]


class ChampionWatch:
    """Holds the champion. It is replaced as one object, so an answer never mixes two models.

    ``fetch`` gets the champion that is held, and may give it back when it is still the one.
    """

    def __init__(self, fetch: FetchChampion, look_every: float = LOOK_EVERY) -> None:
        self._fetch = fetch
        self._tell: Switched = _nobody
        self._look_every = look_every
        self._announced = asyncio.Event()
        self.current: ChampionModel | None = None
        self.looked = False  # whether the registry was asked, whatever it said

    @property
    def version(self) -> str | None:
        """Version of the champion, None when there is none yet."""
        return str(self.current.version) if self.current else None

    def tell(self, switched: Switched) -> None:
        """Call this from now on with the new and the old version, whenever another champion was taken up."""
        self._tell = switched

    def announced(self) -> None:
        """Somebody says that there is a new champion: look now."""
        self._announced.set()

    async def run(self) -> None:
        """Watch until cancelled. While the registry is away the champion that is held stays."""
        while True:
            self._announced.clear()
            await self._take_up()
            self.looked = True
            try:
                await asyncio.wait_for(self._announced.wait(), self._look_every)
            except TimeoutError:
                continue

    async def _take_up(self) -> None:
        try:
            champion = await self._fetch(self.current)
        except DataflixError as error:
            log.warning("champion_not_fetched", reason=str(error), served=self.version)
            return
        if champion is not self.current:
            before, self.current = self.version, champion
            log.info("champion_taken_up", version=self.version)
            self._tell(self.version, before)


def _nobody(_version: str | None, _before: str | None) -> None:
    """Nobody is told."""
