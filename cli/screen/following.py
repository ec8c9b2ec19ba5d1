"""Following the API: its event stream, again and again while it is away, and what each event changes on the screen."""

import asyncio
from collections.abc import Awaitable, Callable

from cli.api import Event
from cli.errors import Refused, Unreachable
from cli.screen.state import Link, ScreenState
from cli.session import Session
from cli.views.recommendations import News

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.25, 3.0


class Follower:
    """Listens for whoever is there; tells ``moved`` when their list has, ``came_back`` when the API is there again."""

    def __init__(
        self,
        session: Session,
        state: ScreenState,
        moved: Callable[[News], Awaitable[None]],
        came_back: Callable[[], Awaitable[None]],
    ) -> None:
        self._session = session
        self._state = state
        self._moved = moved
        self._came_back = came_back
        self._listening: asyncio.Task[None] | None = None

    def follow(self) -> None:
        """Listen, or listen anew for somebody else."""
        self.stop()
        self._listening = asyncio.get_running_loop().create_task(self._listen())

    def stop(self) -> None:
        """Listen no more."""
        if self._listening:
            self._listening.cancel()

    async def _listen(self) -> None:
        user_id = self._session.user.user_id if self._session.user else None
        pause, last_id = FIRST_PAUSE_S, ""
        while True:
            try:
                async for event in self._session.api.events(user_id, last_id):
                    last_id, pause = event.event_id or last_id, FIRST_PAUSE_S
                    await self._take(event)
            except Unreachable:
                pass
            except Refused as refused:
                self._state.say(str(refused), error=True)
                last_id = ""
            self._link(Link.AWAY)
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)

    def _link(self, link: Link) -> bool:
        """Whether the connection has just come back."""
        before, self._state.link = self._state.link, link
        if before is not link:
            self._state.changed()
        return before is Link.AWAY and link is Link.LIVE

    async def _take(self, event: Event) -> None:
        if self._link(Link.LIVE):
            await self._came_back()
        self._session.take(event)
        match event.kind:
            case "recommendations" if event.data.get("cause") != "connected":
                await self._moved(News(str(event.data.get("cause", "")), event.data.get("milliseconds")))
            case "recommendations":
                self._state.model = event.data.get("model_version")
            case "lag":
                self._state.lag = int(event.data.get("lag") or 0)
                self._state.changed()
            case "model":
                version = event.data.get("model_version") or event.data.get("version")
                self._state.model = str(version) if version else self._state.model
