"""What the API tells Prometheus."""

from datetime import UTC, datetime

from prometheus_client.parser import text_string_to_metric_families
from serving import Api, Client, a_champion, a_rating, an_api

from api.broadcast import Broadcast
from api.champion import ChampionWatch
from api.follower import Batch
from api.instruments import Instruments, joined
from api.progress import Progress
from api.replica import Replica
from dataflix.model_registry import ChampionModel

Labels = frozenset[tuple[str, str]]


def samples(text: str) -> dict[tuple[str, Labels], float]:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def measured(client: Client) -> dict[tuple[str, Labels], float]:
    return samples(await (await client.get("/metrics")).text())


def labels(**pairs: str) -> Labels:
    return frozenset(pairs.items())


async def test_requests_are_counted_by_route_and_never_by_path() -> None:
    async with an_api().client() as client:
        for path in ("/users/7", "/users/8", "/nowhere/ada", "/secret"):
            await client.get(path)
        await client.request("PROPFIND", "/users")
        told = await measured(client)
    name = "dataflix_api_requests_total"
    assert told[name, labels(method="GET", route="/users/{user_id}", status="404")] == 2
    assert told[name, labels(method="GET", route="unknown", status="404")] == 2
    assert told[name, labels(method="other", route="unknown", status="405")] == 1


async def test_what_the_recommender_holds_is_told() -> None:
    api: Api = an_api(movies=12, people=5)
    api.champion = a_champion(version=6)
    api.stream(a_rating(1))
    async with api.client() as client:
        told = await measured(client)
    assert told["dataflix_api_rows", labels(table="movies")] == 12
    assert told["dataflix_api_rows", labels(table="ratings")] == 1
    assert told["dataflix_api_model_version", labels()] == 6


async def test_what_several_processes_measured_stands_in_one_exposition() -> None:
    async with an_api(movies=12).client() as client:
        for _ in range(3):
            await client.get("/users/7")
        first = await (await client.get("/metrics")).read()
        second = await (await client.get("/metrics")).read()
    told = samples(joined({1: first, 2: second}).decode())
    requests = "dataflix_api_requests_total"
    assert told[requests, labels(method="GET", route="/users/{user_id}", status="404", process="2")] == 3
    assert told["dataflix_api_rows", labels(table="movies", process="1")] == 12
    assert told.keys() == {
        (name, of | labels(process=number))
        for number, one in (("1", first), ("2", second))
        for name, of in samples(one.decode())
    }


def test_only_live_changes_tell_how_fresh_histories_are() -> None:
    async def fetch(_held: ChampionModel | None) -> ChampionModel | None:
        return None

    instruments = Instruments(wall_clock=lambda: 1_000.5)
    batch = Batch(commits=[datetime.fromtimestamp(1_000.0, UTC)], rejected=2)
    instruments.counted(batch, live=False)
    instruments.counted(batch, live=True)
    exposition = instruments.exposition(
        Replica(), Progress(frozenset(), lambda: 0.0), ChampionWatch(fetch), Broadcast()
    )
    told = samples(exposition.decode())
    assert told["dataflix_api_events_total", labels()] == 2
    assert told["dataflix_api_events_rejected_total", labels()] == 4
    assert told["dataflix_api_commit_to_history_seconds_count", labels()] == 1
    assert told["dataflix_api_commit_to_history_seconds_sum", labels()] == 0.5
