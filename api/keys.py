"""What the application holds, by typed key. Handlers reach everything through these and nothing else."""

from aiohttp import web

from api.champion import ChampionWatch
from api.erasing import Erasing
from api.explorer import Explorer
from api.instruments import Instruments
from api.live_recommender import LiveRecommender
from api.progress import Progress
from api.replica import Replica
from api.store import Store

STORE = web.AppKey("store", Store)
REPLICA = web.AppKey("replica", Replica)
PROGRESS = web.AppKey("progress", Progress)
CHAMPIONS = web.AppKey("champions", ChampionWatch)
INSTRUMENTS = web.AppKey("instruments", Instruments)
RECOMMENDER = web.AppKey("recommender", LiveRecommender)
ERASING = web.AppKey("erasing", Erasing)
EXPLORER = web.AppKey("explorer", Explorer)
