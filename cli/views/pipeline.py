"""The page of the pipeline."""

from cli.answers import Health, as_json
from cli.layout import Cell, Column, Row, Table
from cli.page import Page, Room


def pipeline_page(health: Health) -> Page:
    """How the stream stands."""
    rows = (
        Row((Cell("model"), Cell(health.model or "none yet"))),
        Row((Cell("lag"), Cell(f"{health.lag} events"))),
        *(Row((Cell(name), Cell(str(count)))) for name, count in health.rows.items()),
    )
    return Page(
        Room.PIPELINE, "The pipeline at work", (), Table((Column("", "dim"), Column("")), rows), data=as_json(health)
    )
