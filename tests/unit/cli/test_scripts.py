"""Commands without a screen."""

import json
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from memory_api import MemoryApi

from cli.catalogue import Catalogue
from cli.errors import BadCommand, Refused
from cli.flow import Flow
from cli.movement import moves, show_move
from cli.paper import Paper
from cli.registry import COMMANDS
from cli.script import run_script
from cli.server_sent import EventLines
from cli.session import Session


async def written(*lines: str, as_json: bool = False) -> str:
    api = MemoryApi()
    file = StringIO()
    await run_script(lines, COMMANDS, Session(api, Catalogue(api)), Paper(file, as_json=as_json))
    return file.getvalue()


async def test_lines_are_run_in_order_and_comments_pass() -> None:
    said = await written("# who I am", "user 1", "", "rate #2 4.5", "recommend", "quit", "no command any more")
    assert "Hello, J*** D**" in said
    assert "The Matrix (1999) has ★★★★½ of you." in said
    assert said.count("For J*** D**") == 2
    assert "\x1b" not in said


async def test_programs_get_a_line_of_json_for_each_command() -> None:
    lines = (await written("user 1", "rate #2 4", "ratings", "recommend limit:1", as_json=True)).splitlines()
    answers = [json.loads(line) for line in lines]
    assert answers[1] == {"said": "The Matrix (1999) has ★★★★ of you."}
    assert answers[2][0]["rating"] == 4
    assert answers[3]["recommendations"][0]["title"] == "Heat"


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("menu", "needs a screen"),
        ("recommend", "Say who you are first"),
        ("rate heat", "Say who you are first"),
        ("similar hea", "Which movie is “hea”"),
        ("new", "What are you called"),
        ("forget", "Say who you are first"),
        ("keys qwerty", "`keys vi` or `keys emacs`"),
    ],
)
async def test_what_would_ask_says_what_to_write_instead(line: str, sentence: str) -> None:
    with pytest.raises(BadCommand, match=sentence):
        await written(line)


async def test_the_api_says_why_it_refuses() -> None:
    with pytest.raises(Refused, match="There is no user 9"):
        await written("user 9")


@given(st.lists(st.integers(), unique=True), st.permutations(range(6)))
def test_moves_lead_from_the_list_before_to_the_list_now(before: list[int], now: list[int]) -> None:
    moved = moves(before, now)
    for place, movie in enumerate(now):
        move = moved[movie]
        assert (move is None) == (movie not in before)
        assert move is None or before[place + move] == movie
    assert set(moves(None, now).values()) <= {0}


def test_moves_are_shown() -> None:
    assert [show_move(move) for move in (2, -1, 0, None)] == ["▲2", "▼1", "", "new"]


def test_events_are_read_from_lines() -> None:
    lines = EventLines()
    text = [
        "retry: 1000",
        "",
        ": heartbeat",
        "",
        "id: a-1",
        "event: lag",
        'data: {"lag":',
        "data: 3}",
        "",
        "data: no",
        "",
    ]
    events = [event for line in text for event in lines.take(line)]
    assert [(event.kind, event.data, event.event_id) for event in events] == [("lag", {"lag": 3}, "a-1")]
    assert lines.last_id == "a-1"


def test_the_flow_is_counted_over_ten_seconds() -> None:
    now = 0.0
    flow = Flow(lambda: now)
    for table, took in (("ratings", 40.0), ("ratings", 60.0), ("users", None)):
        flow.take(table, took)
    assert flow.rates() == {"ratings": 0.2, "users": 0.1}
    assert flow.milliseconds == 50.0
    now = 11.0
    assert flow.rates() == {}
    assert flow.seen == {"ratings": 2, "users": 1}


async def test_the_pipeline_is_told() -> None:
    said = await written("pipeline")
    assert "model               7" in said
    assert "Rows held" in said
