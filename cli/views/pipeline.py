"""The page of the pipeline."""

from cli.answers import Health, Pipeline, as_json
from cli.flow import Flow
from cli.layout import Cell, Column, Line, Row, Table, wrap
from cli.page import Page, Room

_WAY = ("PostgreSQL", "Debezium", "Kafka", "worker", "masked topics", "API")
_HELD_AS = {"watched_movies": "watched"}  # the API's name of what it holds of a table
_LABEL = 20  # columns


def pipeline_page(health: Health, pipeline: Pipeline, flow: Flow) -> Page:
    """How the stream stands, who answers, what waits, and what came since this shell listens."""
    rates, took = flow.rates(), flow.milliseconds
    held = {name: name for name in health.rows} | {name: table for table, name in _HELD_AS.items()}
    rows = tuple(
        Row(
            (
                Cell(table),
                Cell(f"{health.rows[name]:,}"),
                Cell(f"{rates.get(table, 0):.1f}"),
                _count(pipeline.worker_lag.get(table), ""),
                _count(pipeline.dead_letters.get(table), "error"),
                Cell(f"{flow.seen[table]:,}"),
            )
        )
        for name, table in held.items()
        if name in health.rows
    )
    columns = (
        Column("Table", "movie"),
        Column("Rows held", right=True),
        Column("A second", right=True, importance=1),
        Column("Waiting", right=True, importance=2),
        Column("Dead letters", right=True, importance=1),
        Column("Seen here", "dim", right=True, importance=3),
    )
    facts = (
        ("model", health.model or "none yet"),
        ("behind", f"{health.lag:,} events" if health.caught_up else f"{health.lag:,} events, catching up"),
        ("newest commit", health.newest_commit or "none yet"),
        ("from commit to API", "no change yet" if took is None else f"{took:.0f} ms, median of the newest changes"),
    )

    def text(width: int) -> list[Line]:
        lines: list[Line] = [[("dim", " → ".join(_WAY))], []]
        lines += [[("dim", f"{name:<{_LABEL}}"), ("accent", value)] for name, value in facts]
        return [*lines, *_services(pipeline, width), []]

    def below(width: int) -> list[Line]:
        return _found(pipeline, width)

    data = as_json(health) | as_json(pipeline) | {"changes_a_second": dict(rates), "milliseconds": took}
    return Page(Room.PIPELINE, "The pipeline at work", (), Table(columns, rows), text, below, data)


def _count(number: int | None, style: str) -> Cell:
    """A number that is better 0; nobody knows it while the watcher is away."""
    return Cell("?", "dim") if number is None else Cell(f"{int(number):,}", style if number else "dim")


def _services(pipeline: Pipeline, width: int) -> list[Line]:
    """Who answers, over as many lines as it takes."""
    lines: list[Line] = [[("dim", f"{'services':<{_LABEL}}")]]
    taken = _LABEL
    for service in pipeline.services:
        mark, style = ("●", "up") if service.answers else ("✗", "error")
        text = f"{mark} {service.name}  "
        if taken + len(text) > width:
            lines.append([("", " " * _LABEL)])
            taken = _LABEL
        lines[-1].append((style, text))
        taken += len(text)
    return lines


def _found(pipeline: Pipeline, width: int) -> list[Line]:
    """What the watcher found that is not well, in its words."""
    if not pipeline.findings:
        return [[], [("error", "The watcher does not answer: nobody looks at slot, connector and lag.")]]
    troubles = [one for one in pipeline.findings if one.level != "ok"]
    if not troubles:
        return [[], [("up", "●"), ("dim", f" The watcher looks at {len(pipeline.findings)} things, and all is well.")]]
    lines: list[Line] = [[]]
    for one in troubles:
        style = "error" if one.level == "error" else "stars"
        lines += [[(style, line)] for line in wrap(f"{one.name}: {one.sentence}", width)]
    return lines
