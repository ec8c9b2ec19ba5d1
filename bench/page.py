"""Frames of the live page while changes stream in, as a real browser draws them."""

import asyncio
from typing import Any

from bench.browser import browser
from bench.committing import commit
from bench.people import MOVIES, crowd
from bench.percentiles import milliseconds
from dataflix.settings import Settings

IS_LIVE = "document.querySelector('[data-word]')?.textContent === 'Live'"
# Milliseconds from each frame to the next
FRAMES = """new Promise((done) => {
  const at = [];
  const step = (now) => {
    at.push(now);
    if (now - at[0] < %f) requestAnimationFrame(step);
    else done(at.slice(1).map((one, place) => one - at[place]));
  };
  requestAnimationFrame(step);
})"""


async def page(settings: Settings, rate: float, seconds: float) -> dict[str, Any]:
    """Time every frame for ``seconds``, first at rest, then while ``rate`` ratings a second are committed.

    One in every so many is a rating of the person that the page shows, whose list moves. Raises DataflixError when
    there is no Chromium on PATH, or the page does not come to life within a minute.
    """
    count = round(rate * seconds)
    with crowd(settings, people=-(-count // MOVIES)) as people:
        async with browser(f"{settings.api.url}/#person={people.users[0]}") as tab:
            await tab.until(IS_LIVE)
            frames = FRAMES % (seconds * 1000)
            quiet = await tab.evaluate(frames)
            by_movie = sorted(people.pairs(), key=lambda pair: pair[1])  # so that everybody rates all the time
            busy, _ = await asyncio.gather(
                tab.evaluate(frames), asyncio.to_thread(commit, settings, by_movie[:count], rate)
            )
    return {"rate": rate, "seconds": seconds, "quiet": _summary(quiet), "busy": _summary(busy)}


def _summary(frames: list[float]) -> dict[str, Any]:
    return {
        "fps": round(len(frames) * 1000 / sum(frames), 1),
        "frame_ms": milliseconds([frame / 1000 for frame in frames]),
    }
