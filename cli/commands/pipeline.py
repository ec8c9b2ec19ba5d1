"""The stream at work."""

import asyncio

from cli.command import Arguments
from cli.outcome import Outcome, Then
from cli.session import Session
from cli.views.pipeline import pipeline_page


async def show(session: Session, _given: Arguments) -> Outcome:
    """How the stream stands now; a screen keeps it so."""
    health, pipeline = await asyncio.gather(session.api.health(), session.api.pipeline())
    page = pipeline_page(health, pipeline, session.flow)
    return Outcome(page, then=Then.FOLLOW_PIPELINE)
