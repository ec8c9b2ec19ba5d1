"""How the API is, for supervisors and people."""

from http import HTTPStatus

from aiohttp import web

from api.keys import CHAMPIONS, PEERS, PROGRESS, REPLICA
from api.problems import Problem, catching_up, unavailable
from api.resources.forms import NoBody, NoParameters
from api.resources.state import Health, HistoryCounts, Readiness, Start, StreamHealth
from api.routes import NOTHING, Call, Reply, Route


async def read_health(call: Call[NoParameters, NoParameters, NoBody]) -> Reply:
    """Tell that the API is alive, and how old its knowledge is."""
    replica, progress = call.app[REPLICA], call.app[PROGRESS]
    return Reply(
        Health(
            model=call.app[CHAMPIONS].version,
            history=HistoryCounts(
                users=len(replica.users),
                movies=len(replica.movies),
                ratings=len(replica.ratings),
                watched=len(replica.watched),
            ),
            start=None
            if progress.start_seconds is None
            else Start(source=progress.source, seconds=progress.start_seconds),
            stream=StreamHealth(
                caught_up=progress.caught_up,
                lag=progress.lag,
                seconds_since_contact=progress.silence,
                newest_commit=progress.newest_commit,
                rejected=progress.rejected,
            ),
        )
    )


def why_not_ready(app: web.Application) -> Problem | None:
    """What this process has yet to do before it answers as it should."""
    progress = app[PROGRESS]
    if not progress.caught_up:
        return catching_up(progress.lag)
    if not app[CHAMPIONS].looked:
        return unavailable("The API has not asked the model registry yet.", retry_after=1)
    return None


async def read_readiness(call: Call[NoParameters, NoParameters, NoBody]) -> Reply:
    """Tell whether every process of the API knows all that the stream held when it started, and asked for the model."""
    if (problem := why_not_ready(call.app)) is not None:
        raise problem
    others = await call.app[PEERS].ask("/ready")
    if waiting := [number for number, answer in others.items() if answer is None]:
        raise unavailable(f"Of {len(others) + 1} processes of the API {len(waiting)} are not ready.", retry_after=1)
    return Reply(Readiness(histories_from=call.app[PROGRESS].source))


ROUTES = (
    Route(method="GET", path="/health", handler=read_health, takes=NOTHING, gives={HTTPStatus.OK: Health}),
    Route(
        method="GET",
        path="/ready",
        handler=read_readiness,
        takes=NOTHING,
        gives={HTTPStatus.OK: Readiness},
        problems=(HTTPStatus.SERVICE_UNAVAILABLE,),
    ),
)
