"""The API in memory, for tests: a client, and hands on everything that stands behind it."""

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import numpy as np
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from api import keys
from api.access_log import AccessLog
from api.app import create_app
from api.arrivals import Arrivals
from api.champion import ChampionWatch
from api.changes import CatalogueMovie, Change, MovieChange, Opinion, RatingChange, UserChange, WatchedChange
from api.erasing import Erasing
from api.explorer import Explorer
from api.live_lists import LiveLists
from api.live_recommender import LiveRecommender
from api.memory_store import MemoryStore
from api.newsroom import Newsroom
from api.pipeline import pipeline_of
from api.progress import Progress
from api.replica import Replica
from api.resources.movies import Movie
from api.resources.state import Pipeline
from dataflix.model_registry import ChampionModel
from dataflix.recommender import ItemModel, interaction_score
from dataflix.settings import Settings

Client = TestClient[web.Request, web.Application]
NOW = 1_800_000_000.0  # seconds since 1970
_versions = itertools.count(1)


def a_movie(movie_id: int = 1, title: str = "Stalker") -> Movie:
    return Movie(
        movie_id=movie_id,
        title=title,
        description=None,
        genre="Drama|Science Fiction",
        release_year=1979,
        director="Andrei Tarkovsky",
        duration_minutes=162,
        imdb_rating=8.1,
    )


def a_listed_movie(movie_id: int, version: int | None = None) -> MovieChange:
    return MovieChange(movie_id, version or next(_versions), CatalogueMovie(f"Movie {movie_id}", 1979, "Drama"))


def a_rating(
    rating_id: int, user: int = 7, movie: int = 1, stars: float = 4.0, at: int = 0, version: int | None = None
) -> RatingChange:
    opinion = Opinion(user, movie, True, interaction_score(stars), at, stars)
    return RatingChange(rating_id, version or next(_versions), opinion)


def a_viewing(watched_id: int, user: int = 7, movie: int = 1, at: int = 0, version: int | None = None) -> WatchedChange:
    opinion = Opinion(user, movie, False, interaction_score(None), at)
    return WatchedChange(watched_id, version or next(_versions), opinion)


def a_champion(version: int = 1, movies: int = 20) -> ChampionModel:
    """A model of two tastes: odd movies go together, and even ones do."""
    ids = np.arange(1, movies + 1, dtype=np.int64)
    factors = np.zeros((movies, 2), dtype=np.float32)
    factors[np.arange(movies), ids % 2] = np.linspace(1.0, 0.5, movies)
    return ChampionModel(version, f"run{version}", ItemModel(ids, factors, np.ones(movies, dtype=np.float32)))


@dataclass
class Api:
    """A running API whose store, replica and champion are at hand."""

    store: MemoryStore
    replica: Replica = field(default_factory=Replica)
    champion: ChampionModel | None = None
    patience: float = 0.05
    arrivals: Arrivals | None = None  # once it runs
    newsroom: Newsroom | None = None
    progress: Progress = field(default_factory=lambda: Progress(frozenset(), lambda: 0.0))
    settings: Settings = field(default_factory=Settings)
    pipeline: Pipeline = field(default_factory=lambda: pipeline_of([], {}))

    def stream(self, *changes: Change) -> None:
        for change in changes:
            self.replica.apply(change)
        if self.arrivals:
            self.arrivals.applied(changes)

    async def parts(self, app: web.Application) -> AsyncIterator[None]:
        async def fetch(_held: ChampionModel | None) -> ChampionModel | None:
            return self.champion

        watch = ChampionWatch(fetch)
        watch.current, watch.looked = self.champion, True
        app[keys.STORE], app[keys.REPLICA], app[keys.PROGRESS] = self.store, self.replica, self.progress
        app[keys.CHAMPIONS], app[keys.RECOMMENDER] = watch, LiveRecommender(self.replica, watch)
        app[keys.EXPLORER] = Explorer(self.replica, watch)
        app[keys.ERASING] = Erasing(self.store.any_erasure_waits, self.finish_erasures)
        app[keys.ARRIVALS] = self.arrivals = Arrivals(self.replica, self.patience)
        app[keys.LIVE_LISTS] = lists = LiveLists(app[keys.RECOMMENDER], app[keys.BROADCAST], self.progress, lambda: NOW)
        self.newsroom = Newsroom(app[keys.BROADCAST], lists, self.progress, lambda: NOW)
        watch.tell(self.newsroom.model_switched)
        app[keys.PIPELINE] = self
        yield

    async def look(self) -> Pipeline:
        return self.pipeline

    async def finish_erasures(self) -> bool:
        return True

    @asynccontextmanager
    async def client(self) -> AsyncIterator[Client]:
        server = TestServer(create_app(self.settings, parts=[self.parts]))
        await server.start_server(access_log_class=AccessLog)
        async with TestClient(server) as client:
            yield client


def an_api(movies: int = 20, people: int = 10, settings: Settings | None = None) -> Api:
    """An API whose stream has brought some movies and people, and no ratings."""
    api = Api(MemoryStore(a_movie(number) for number in range(1, movies + 1)), settings=settings or Settings())
    api.stream(*(a_listed_movie(number) for number in range(1, movies + 1)))
    api.stream(*(UserChange(number, 1, exists=True) for number in range(1, people + 1)))
    return api


PERSON = {
    "username": "ada",
    "email": "ada@example.net",
    "first_name": "Augusta",
    "last_name": "Lovelace",
    "city": "London",
    "state": "England",
    "country": "United Kingdom",
    "age": 36,
}
