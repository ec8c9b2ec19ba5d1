"""`bench serving`: ours and the bare handler by turns, then writes."""

import http.client
import os
import random
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http import HTTPStatus
from itertools import cycle
from typing import Any

import orjson

from bench.own_servers import LOOPBACK, free_port, own_server
from bench.people import Crowd, crowd
from bench.serving.load import Load, Request, find_wrk, send, summed
from bench.serving.streaming import streaming
from dataflix.errors import DataflixError
from dataflix.settings import Address, Settings

TURNS = 3  # of each: what else the machine does meanwhile then hits both alike
PEOPLE = 200  # made up for the run; their histories change while lists are asked for
CHANGES_PER_SECOND = 20.0
PAGE = 500
PATIENCE = 20.0  # seconds
STREAM_PATIENCE = 120.0  # seconds until every process has read the stream


def serving(
    settings: Settings, connections: int, seconds: int, changes: float | None = None, processes: int | None = None
) -> dict[str, Any]:
    """Requests a second and latencies of recommendations over all users, of the bare handler, and of writes.

    ``seconds`` is the time for each of the three. With ``changes`` also of recommendations while so many changes a
    second stream in, and with ``processes`` of an API of one process and of one of so many. Raises DataflixError when
    the API or the bare server is away.
    """
    wrk, turn = find_wrk(), max(1, seconds // TURNS)
    with crowd(settings, PEOPLE) as people, bare_server() as bare_address:
        lists = [Request("GET", f"/recommendations/{user}") for user in _users(settings, people)]
        send(wrk, settings.api, lists, connections, turn)  # what is kept of lists is kept from here on
        ours, bare = [], []
        for _ in range(TURNS):
            with _changing(settings, people):
                ours.append(send(wrk, settings.api, lists, connections, turn))
            bare.append(send(wrk, bare_address, lists, connections, turn))
        memory = _memory(settings)
        writes = send(wrk, settings.api, _ratings(people), connections, seconds)

        def ask(to: Address) -> Load:
            return send(wrk, to, lists, connections, turn)

        more: dict[str, Any] = {}
        if changes is not None:
            more["under_changes"] = under_changes(settings, people, changes, ask)
        if processes is not None:
            more["processes"] = of_processes(settings, processes, ask)
    figures = {"ours": summed(ours), "bare": summed(bare)}
    return {
        "connections": connections,
        "users": len(lists),
        **figures,
        "ratio": round(figures["ours"]["rps"] / figures["bare"]["rps"], 3) if figures["bare"]["rps"] else None,
        "writes": summed([writes]),
        "memory_mb": memory,
        **more,
    }


def under_changes(settings: Settings, people: Crowd, rate: float, ask: Callable[[Address], Load]) -> dict[str, Any]:
    """Quiet and under changes by turns."""
    quiet, changing, streamed = [], [], []
    for _ in range(TURNS):
        quiet.append(ask(settings.api))
        with streaming(settings, people, rate) as one:
            changing.append(ask(settings.api))
        streamed.append(one)
    figures = {"quiet": summed(quiet), "changing": summed(changing)}
    committed = sum(one.changes for one in streamed) / sum(one.seconds for one in streamed)
    times = figures["changing"]["p99_ms"] / figures["quiet"]["p99_ms"]
    return {"changes_per_second": round(committed, 1), **figures, "p99_times": round(times, 2)}


def of_processes(settings: Settings, processes: int, ask: Callable[[Address], Load]) -> dict[str, Any]:
    """One process and several, with the share of a core that the generator took from them."""
    figures: dict[str, Any] = {}
    for count in (1, processes):
        with api_of(settings, count) as address:
            ask(address)  # as above
            loads = [ask(address) for _ in range(TURNS)]
        share = sum(load.processor_seconds for load in loads) / sum(load.seconds for load in loads)
        figures[str(count)] = {**summed(loads), "generator_cores": round(share, 2)}
    times = figures[str(processes)]["rps"] / figures["1"]["rps"]
    return {"cores": os.cpu_count(), **figures, "times": round(times, 2)}


@contextmanager
def bare_server() -> Iterator[Address]:
    """The constant handler in a process of its own; gives its address."""
    address = Address(LOOPBACK, free_port())
    with own_server(("bench.serving.bare", str(address.port)), address, "/recommendations/1", PATIENCE):
        yield address


@contextmanager
def api_of(settings: Settings, processes: int) -> Iterator[Address]:
    """An API of so many processes beside the one that runs; gives its address once all of them have read the stream."""
    address = Address(LOOPBACK, free_port())
    with own_server(
        ("api", "--processes", str(processes)),
        address,
        "/ready",
        STREAM_PATIENCE,
        DATAFLIX_API_HOST=address.host,
        DATAFLIX_API_PORT=str(address.port - settings.port_offset),
    ):
        yield address


def _ask(settings: Settings, method: str, path: str, body: Mapping[str, Any] | None = None) -> bytes:
    """The body of an answer. Raises DataflixError when there is none, or it is an error."""
    connection = http.client.HTTPConnection(settings.api.host, settings.api.port, timeout=PATIENCE)
    try:
        connection.request(method, path, orjson.dumps(body) if body else None, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise DataflixError(f"The API answers {method} with status {answer.status}: see `bin/dataflix status`.")
        return answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise DataflixError(f"The API does not answer ({type(error).__name__}): see `bin/dataflix status`.") from None
    finally:
        connection.close()


def _users(settings: Settings, people: Crowd) -> list[int]:
    """Everybody whom the API lists and everybody of the crowd, in no order."""
    users: set[int] = set(people.users)
    after: int | None = 0
    while after is not None:
        page = orjson.loads(_ask(settings, "GET", f"/users?limit={PAGE}&after={after}"))
        users.update(user["user_id"] for user in page["items"])
        after = page["next"]
    chosen = sorted(users)
    random.Random(0).shuffle(chosen)  # noqa: S311 an order, no secret
    return chosen


@contextmanager
def _changing(settings: Settings, people: Crowd) -> Iterator[None]:
    """While inside, histories change now and then."""
    stop = threading.Event()

    def change() -> None:
        pairs, stars = cycle(people.pairs()), cycle((2.0, 3.5, 5.0, 4.0))
        while not stop.wait(1 / CHANGES_PER_SECOND):
            user, movie = next(pairs)
            _ask(settings, "PUT", f"/ratings/{user}/{movie}", {"rating": next(stars)})

    with ThreadPoolExecutor(1) as pool:
        changing = pool.submit(change)
        try:
            yield
        finally:
            stop.set()
        changing.result()


def _ratings(people: Crowd) -> list[Request]:
    stars = cycle((2.0, 3.5, 5.0, 4.0, 1.0, 4.5, 3.0))
    return [
        Request("POST", "/ratings", orjson.dumps({"user_id": user, "movie_id": movie, "rating": next(stars)}))
        for movie in people.movies
        for user in people.users
    ]


def _memory(settings: Settings) -> float | None:
    """Resident memory of the API in MB, as it says itself, of all its processes together."""
    exposition = _ask(settings, "GET", "/metrics").decode()
    told = [line for line in exposition.splitlines() if line.startswith("process_resident_memory_bytes")]
    return round(sum(float(line.rpartition(" ")[2]) for line in told) / 2**20, 1) if told else None
