"""How the API is, for supervisors and people."""

from http import HTTPStatus

from api.keys import CHAMPIONS, PROGRESS, REPLICA
from api.problems import catching_up, unavailable
from api.resources.forms import NoBody, NoParameters
from api.resources.state import Health, HistoryCounts, Readiness, StreamHealth
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
            stream=StreamHealth(
                caught_up=progress.caught_up,
                lag=progress.lag,
                seconds_since_contact=progress.silence,
                newest_commit=progress.newest_commit,
                rejected=progress.rejected,
            ),
        )
    )


async def read_readiness(call: Call[NoParameters, NoParameters, NoBody]) -> Reply:
    """Tell whether the API knows all that the stream held when it started, and has asked for the model."""
    progress = call.app[PROGRESS]
    if not progress.caught_up:
        raise catching_up(progress.lag)
    if not call.app[CHAMPIONS].looked:
        raise unavailable("The API has not asked the model registry yet.", retry_after=1)
    return Reply(Readiness())


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
