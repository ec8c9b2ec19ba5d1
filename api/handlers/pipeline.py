"""How the whole pipeline is, for those who run it."""

from http import HTTPStatus

from api.keys import PIPELINE
from api.resources.forms import NoBody, NoParameters
from api.resources.state import Pipeline
from api.routes import NOTHING, Call, Reply, Route


async def read_pipeline(call: Call[NoParameters, NoParameters, NoBody]) -> Reply:
    """Tell which parts of the pipeline answer, what the watcher found, and what waits."""
    return Reply(await call.app[PIPELINE].look())


ROUTES = (Route(method="GET", path="/pipeline", handler=read_pipeline, takes=NOTHING, gives={HTTPStatus.OK: Pipeline}),)
