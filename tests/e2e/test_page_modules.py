"""The pure modules of the live page, each by itself, in the browser that they are written for."""

from collections.abc import Iterator
from typing import Any

import pytest
from browser import open_browser
from running_stack import Stack
from selenium.webdriver import Chrome

HAPPENED = "const happened = (...actions) => actions.reduce(page.reduce, page.initial);"
HEAT = "{movie_id: 5, title: 'Heat'}"
RATING = "{rating_id: 9, user_id: 1, movie_id: 5, rating: '4.5', rated_at: '2026-01-02T00:00:00Z'}"
ADA = "{type: 'chosen', person: {user_id: 1}}"
SENT = f"{{type: 'sent', what: 'rating', movie: {HEAT}, value: 4.5, at: 100}}"
ANSWERED = (
    f"{{type: 'answered', what: 'rating', movie: {HEAT}, userId: 1, at: 110,"
    " answer: {movie_id: 5, rating: 4.5, rated_at: '2026-01-02T00:00:00Z'}}"
)


STARS = "page.starsOf(state, 5)"
PACE = "page.pace(state.flow)"


def came(table: str, row: str, *, deleted: bool = False, at: int = 150) -> str:
    """A change, as the stream brings it."""
    data = f"{{table: '{table}', deleted: {str(deleted).lower()}, row: {row}}}"
    return f"{{type: 'event', name: 'change', at: {at}, data: {data}}}"


def listed(user: int, cause: str = "history", at: int = 160) -> str:
    data = f"{{user_id: {user}, cause: '{cause}', model_version: '7', movies: []}}"
    return f"{{type: 'event', name: 'recommendations', at: {at}, data: {data}}}"


@pytest.fixture(scope="module")
def window(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    with open_browser(tmp_path_factory.mktemp("browser")) as driver:
        driver.get(f"{stack.settings.api.url}/page/words.js")  # the same origin, without the page at work
        yield driver


def evaluate(window: Chrome, module: str, script: str) -> Any:
    """What the body of a function says of a module, which it knows as ``page``."""
    return window.execute_async_script(
        f"const done = arguments[0]; import('/page/{module}').then((page) => {{ {script} }})"
        ".then(done, (error) => done(`${error}`))"
    )


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("stars(4.5)", "4½"),
        ("stars(0.5)", "½"),
        ("starsAloud(0.5)", "half a star"),
        ("starsAloud(1)", "1 star"),
        ("starsAloud(3.5)", "3 and a half stars"),
        ("milliseconds(41.4)", "41 ms"),
        ("milliseconds(12_340)", "12.3 s"),
        ("seconds(89)", "89 s"),
        ("seconds(150)", "3 min"),
        ("count(1, 'change')", "1 change"),
        ("count(12345, 'change')", "12,345 changes"),
        ("nameOf({user_id: 7, first_name: null, last_name: null})", "Person 7"),
        ("moved({place: 2, before: 2})", None),
        ("moved({place: 1, before: null}).words", "new in the list"),
        ("moved({place: 1, before: 4}).words", "up 3 places"),
        ("moved({place: 2, before: 1}).words", "down 1 place"),
        (
            "standing({stream: {phase: 'away'}, heardAt: 1000, lag: null}, 6000).words.slice(-24)",
            "What you see is 5 s old.",
        ),
        ("standing({stream: {phase: 'live'}, heardAt: 1000, lag: {caught_up: true, lag: 0}}, 1500).word", "Live"),
        ("standing({stream: {phase: 'live'}, heardAt: 1000, lag: {caught_up: false}}, 1500).word", "Catching up"),
        ("standing({stream: {phase: 'live'}, heardAt: 1000, lag: {caught_up: true, lag: 3}}, 1500).word", "Behind"),
        ("standing({stream: {phase: 'live'}, heardAt: 1000, lag: null}, 9000).word", "Silent"),
    ],
)
def test_what_is_said(window: Chrome, expression: str, said: str | None) -> None:
    assert evaluate(window, "words.js", f"return page.{expression}") == said


def test_reasons_are_a_sentence(window: Chrome) -> None:
    reasons = "[{title: 'Heat', rating: 4.5}, {title: 'Coco', rating: null}, {title: null, rating: 1}]"
    said = evaluate(window, "reasons.js", f"return page.reasonWords({reasons})")
    assert said == "Because of Heat (4½ ★) and Coco (watched)"
    assert evaluate(window, "reasons.js", "return page.reasonWords(undefined)") == ""


def test_events_are_whole_wherever_the_stream_is_cut(window: Chrome) -> None:
    found = evaluate(
        window,
        "sse.js",
        r"""
        const text = 'retry: 1000\n\n: heartbeat\nid: a-1\r\nevent: lag\r\ndata: {"lag":\r\n'
          + 'data: 3}\r\n\r\ndata: ½\n\nid: a-2\n\n';
        const read = (...pieces) => {
          const parser = new page.EventParser();
          return JSON.stringify([pieces.flatMap((piece) => parser.push(piece)), parser.lastId, parser.retry]);
        };
        const cuts = [...text].map((_, place) => read(text.slice(0, place), text.slice(place)));
        return {each: read(...text), whole: read(text), different: [...new Set(cuts)].length};
        """,
    )
    assert found["different"] == 1
    assert found["each"] == found["whole"]
    assert found["whole"] == (
        '[[{"name":"lag","data":"{\\"lag\\":\\n3}","id":"a-1"},{"name":"message","data":"½","id":"a-1"}],"a-2",1000]'
    )


def test_many_actions_of_one_frame_are_drawn_once(window: Chrome) -> None:
    drawn = evaluate(
        window,
        "store.js",
        """
        let frame = null;
        const seen = [];
        const store = page.createStore((state, action) => state + action, 0, (work) => { frame = work; });
        store.show((state, before) => seen.push([state, before]));
        [1, 2, 3].forEach(store.dispatch);
        const latest = store.latest;
        frame();
        return {seen, latest};
        """,
    )
    assert drawn == {"seen": [[0, None], [6, 0]], "latest": 6}


@pytest.mark.parametrize(
    ("actions", "expression", "value"),
    [
        ([ADA, SENT], STARS, 4.5),
        ([ADA, SENT, ANSWERED], STARS, 4.5),
        ([ADA, SENT, f"{{type: 'failed', what: 'rating', movie: {HEAT}, userId: 1, words: 'No.'}}"], STARS, None),
        ([ADA, SENT, "{type: 'chosen', person: {user_id: 2}}", ANSWERED], STARS, None),
        ([ADA, came("ratings", RATING)], STARS, 4.5),
        ([ADA, came("ratings", RATING.replace("user_id: 1", "user_id: 2"))], STARS, None),
        ([ADA, came("ratings", RATING), came("ratings", "{rating_id: 9}", deleted=True)], STARS, None),
        (
            [ADA, ANSWERED, came("ratings", RATING.replace("'4.5'", "'1.0'").replace("2026", "2025"))],
            STARS,
            4.5,
        ),
        ([ADA, SENT, ANSWERED, came("ratings", RATING), listed(1)], "state.journey.listAt - state.journey.sentAt", 60),
        ([ADA, SENT, ANSWERED, listed(1)], "state.journey.listAt", None),
        ([ADA, SENT, came("ratings", RATING), listed(1, "others")], "state.journey.listAt", None),
        ([ADA, listed(2)], "state.list", None),
        ([ADA, listed(1)], "state.model", "7"),
        ([ADA, came("movies", "{movie_id: 1}")], "state.flow.byTable.movies", 1),
        ([ADA, came("users", "{user_id: 3}", at=1000), came("users", "{user_id: 4}", at=1500)], PACE, 0.4),
        (
            [ADA, came("users", "{user_id: 3}", at=1000), "{type: 'event', name: 'lag', at: 9000, data: {lag: 0}}"],
            PACE,
            0,
        ),
        ([ADA, "{type: 'event', name: 'of-another-time', at: 9, data: {}}"], "state.heardAt", 9),
    ],
)
def test_what_each_thing_that_happens_makes_of_the_state(
    window: Chrome, actions: list[str], expression: str, value: Any
) -> None:
    script = f"{HAPPENED} const state = happened({', '.join(actions)}); return {expression}"
    assert evaluate(window, "state.js", script) == value
