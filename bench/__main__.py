"""Measurements against a running stack; each prints one JSON object."""

import asyncio
import json
import sys
from typing import Annotated

import typer
import uvloop

from bench.chaos.run import chaos
from bench.freshness import freshness
from bench.history import history
from bench.live import live
from bench.marts import marts
from bench.page import page
from bench.ranking import ranking
from bench.recommendation_freshness import recommendation_freshness
from bench.serving.run import serving
from bench.throughput.run import throughput
from bench.training import training
from dataflix.errors import DataflixError
from dataflix.settings import load_settings

app = typer.Typer(help=__doc__, no_args_is_help=True, pretty_exceptions_enable=False)

Rate = Annotated[float, typer.Option(min=0.1, help="Ratings a second.")]
Seconds = Annotated[float, typer.Option(min=1, help="How long to send them.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object, as every benchmark prints.")]


@app.command("freshness")
def measure_freshness(rate: Rate = 20, seconds: Seconds = 10, _json: Json = True) -> None:
    """Commit to private topic, masked topic and raw, in milliseconds."""
    print(json.dumps(freshness(load_settings(), rate, seconds)))


@app.command("recommendation-freshness")
def measure_recommendation_freshness(rate: Rate = 20, seconds: Seconds = 10, _json: Json = True) -> None:
    """POST of a rating to a changed recommendation list, in milliseconds."""
    print(json.dumps(uvloop.run(recommendation_freshness(load_settings(), rate, seconds))))


@app.command("page")
def measure_page(rate: Rate = 100, seconds: Seconds = 20, _json: Json = True) -> None:
    """Frames of the live page in a headless Chromium, at rest and while ratings are committed."""
    print(json.dumps(asyncio.run(page(load_settings(), rate, seconds))))


@app.command("serving")
def measure_serving(
    connections: Annotated[int, typer.Option(min=1, help="How many are open at once, each with one request.")] = 32,
    seconds: Annotated[int, typer.Option(min=3, help="How long for each of the three.")] = 9,
    changes: Annotated[
        float | None, typer.Option(min=1, help="Also while so many changes a second stream in, and without, by turns.")
    ] = None,
    processes: Annotated[
        int | None, typer.Option(min=2, max=64, help="Also an API of so many processes, and one of one.")
    ] = None,
    _json: Json = True,
) -> None:
    """Recommendations a second beside a bare aiohttp handler, by turns, and ratings a second; wrk sends the requests.

    ``ours`` asks for the lists of all users while some histories change, ``bare`` is a handler that returns a constant,
    ``ratio`` their rates. ``memory_mb`` is that of the API. Processes share the machine with wrk, of which
    ``generator_cores`` says how much it took.
    """
    print(json.dumps(serving(load_settings(), connections, seconds, changes, processes)))


@app.command("ranking")
def measure_ranking(
    items: Annotated[int, typer.Option(min=100, help="Movies of the generated model.")] = 10_000,
    people: Annotated[int, typer.Option(min=1, help="Histories, as long as those of MovieLens.")] = 200,
    seed: Annotated[int, typer.Option(min=0, help="The same seed generates the same.")] = 42,
    _json: Json = True,
) -> None:
    """One list of ten and one fold-in, in microseconds of CPU; needs no running stack."""
    print(json.dumps(ranking(items, people, seed)))


@app.command("history")
def measure_history(
    rows: Annotated[int, typer.Option(min=1_000, help="Ratings to take in.")] = 1_000_000, _json: Json = True
) -> None:
    """Memory that the API's copy of the histories takes, and processor time for a rating; needs ClickHouse alone."""
    print(json.dumps(history(load_settings(), rows)))


@app.command("chaos")
def prove_by_chaos(
    kills: Annotated[int, typer.Option(min=1, help="How many services to kill, one after another.")] = 10,
    rate: Annotated[float, typer.Option(min=1, help="Changes to commit a second.")] = 300,
    seed: Annotated[int | None, typer.Option(help="Kill the same services in the same order as another run.")] = None,
    only: Annotated[
        list[str] | None, typer.Option(help="Kill this service, or several of these, and no other.")
    ] = None,
    _json: Json = True,
) -> None:
    """Kill random services with SIGKILL under load; exit 1 when an acknowledged change was lost, doubled or altered.

    Each service is killed once before any is killed again. Recovery is the time from a kill until the service answers
    and raw shows a change committed after the kill.
    """
    report = chaos(load_settings(), kills, rate, seed, only or ())
    print(json.dumps(report))
    if report["lost"] or report["duplicated"] or report["mismatched"]:
        raise typer.Exit(1)


@app.command("throughput")
def measure_throughput(
    events: Annotated[int, typer.Option(min=1_000, help="Changes in a backlog.")] = 200_000,
    _json: Json = True,
) -> None:
    """Events a second through Debezium, through one worker and two, and by plain consumption of the same topic.

    The stack's worker and API are stopped while it measures. ``worker_cpu_us`` is the processor time that one worker
    takes for an event, ``worker_to_aiokafka`` its pace as a share of plain consumption by the client that it reads
    with. A figure is null where there were too few events to measure it.
    """
    print(json.dumps(throughput(load_settings(), events)))


@app.command("marts")
def measure_marts(
    rows: Annotated[int, typer.Option(min=20_000, help="Ratings that the full build reads.")] = 1_000_000,
    changes: Annotated[int, typer.Option(min=10, help="Changes that the incremental run takes up.")] = 10_000,
    _json: Json = True,
) -> None:
    """Full build of the marts against a run that adds changes, in databases of its own."""
    print(json.dumps(marts(load_settings(), rows, changes)))


@app.command("live")
def measure_live(
    rows: Annotated[int, typer.Option(min=20_000, help="Ratings that the views read.")] = 1_000_000,
    rate: Annotated[float, typer.Option(min=1, help="Changes a second that arrive meanwhile.")] = 500,
    seconds: Seconds = 30,
    _json: Json = True,
) -> None:
    """How far the live views of dashboards are behind raw while changes arrive, in databases of its own."""
    print(json.dumps(live(load_settings(), rows, rate, seconds)))


@app.command("training")
def measure_training(
    rows: Annotated[int, typer.Option(min=1_000, help="Made-up ratings, about.")] = 1_000_000,
    _json: Json = True,
) -> None:
    """Time and memory of fitting the model that serves to made-up ratings. Needs no running stack."""
    print(json.dumps(training(rows)))


def main() -> None:
    try:
        app(prog_name="bin/dataflix bench")
    except DataflixError as error:
        sys.exit(f"Error: {error}")


if __name__ == "__main__":
    main()
