"""The page of the pipeline."""

from cli.answers import Health, as_json
from cli.flow import Flow
from cli.layout import Cell, Column, Line, Row, Table
from cli.page import Page, Room

_WAY = ("PostgreSQL", "Debezium", "Kafka", "worker", "masked topics", "API")
_HELD_AS = {"watched_movies": "watched"}  # the API's name of what it holds of a table


def pipeline_page(health: Health, flow: Flow) -> Page:
    """How the stream stands, and what it has brought since this shell listens."""
    rates, took = flow.rates(), flow.milliseconds
    held = {name: name for name in health.rows} | {name: table for table, name in _HELD_AS.items()}
    rows = tuple(
        Row(
            (
                Cell(table),
                Cell(f"{health.rows[name]:,}"),
                Cell(f"{rates.get(table, 0):.1f}"),
                Cell(f"{flow.seen[table]:,}"),
            )
        )
        for name, table in held.items()
        if name in health.rows
    )
    columns = (
        Column("Table", "movie"),
        Column("Rows held", right=True),
        Column("Changes a second", right=True, importance=1),
        Column("Seen here", "dim", right=True, importance=2),
    )
    facts = (
        ("model", health.model or "none yet"),
        ("behind", f"{health.lag:,} events" if health.caught_up else f"{health.lag:,} events, catching up"),
        ("newest commit", health.newest_commit or "none yet"),
        ("from commit to API", "no change yet" if took is None else f"{took:.0f} ms, median of the newest changes"),
    )

    def text(_width: int) -> list[Line]:
        lines: list[Line] = [[("dim", " → ".join(_WAY))], []]
        lines += [[("dim", f"{name:<20}"), ("accent", value)] for name, value in facts]
        return [*lines, []]

    data = as_json(health) | {"changes_a_second": dict(rates), "milliseconds": took}
    return Page(Room.PIPELINE, "The pipeline at work", (), Table(columns, rows), text, data=data)
