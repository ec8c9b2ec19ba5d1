"""What the application holds, by typed key. Handlers reach everything through these and nothing else."""

from aiohttp import web

from api.arrivals import Arrivals
from api.broadcast import Broadcast
from api.champion import ChampionWatch
from api.erasing import Erasing
from api.explorer import Explorer
from api.instruments import Instruments
from api.live_lists import LiveLists
from api.live_recommender import LiveRecommender
from api.overload import Overload
from api.peers import Peers
from api.pipeline import PipelineWatch
from api.progress import Progress
from api.replica import Replica
from api.store import Store

ARRIVALS = web.AppKey("arrivals", Arrivals)
BROADCAST = web.AppKey("broadcast", Broadcast)
STORE = web.AppKey("store", Store)
LIVE_LISTS = web.AppKey("live_lists", LiveLists)
REPLICA = web.AppKey("replica", Replica)
PIPELINE: web.AppKey[PipelineWatch] = web.AppKey("pipeline")
PROGRESS = web.AppKey("progress", Progress)
CHAMPIONS = web.AppKey("champions", ChampionWatch)
INSTRUMENTS = web.AppKey("instruments", Instruments)
RECOMMENDER = web.AppKey("recommender", LiveRecommender)
ERASING = web.AppKey("erasing", Erasing)
OVERLOAD = web.AppKey("overload", Overload)
PEERS = web.AppKey("peers", Peers)
EXPLORER = web.AppKey("explorer", Explorer)
