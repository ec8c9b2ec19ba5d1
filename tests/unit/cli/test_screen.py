"""The screen, key by key, on a virtual terminal."""

import asyncio
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from memory_api import MemoryApi
from virtual_terminal import visiting

from cli.answers import Finding, Pipeline, Service
from cli.layout import width_of

UP, DOWN, F2, CTRL_C, CTRL_D, CTRL_Z, ENTER = "\x1b[A", "\x1b[B", "\x1bOQ", "\x03", "\x04", "\x1a", "\r"


async def test_the_list_moves_by_itself_and_says_how_long_it_took() -> None:
    api = MemoryApi()
    async with visiting(api) as (terminal, _):
        await terminal.sees("For J*** D**", "1  Heat", "● live")
        api.reorder()
        seen = await terminal.sees("12 ms from the commit to this list")
        assert "▲4" in seen
        assert "▼1" in seen


async def test_a_rating_is_typed_completed_and_undone() -> None:
    api = MemoryApi()
    async with visiting(api) as (terminal, _):
        await terminal.sees("For J*** D**")
        await terminal.type("rate matr")
        await terminal.sees("The Matrix (1999)")
        await terminal.type("\t")
        await terminal.sees("> rate The Matrix (1999)")
        await terminal.type("4.5" + ENTER)
        await terminal.sees("The Matrix (1999) has ★★★★½")
        assert api.stars[1][2].rating == 4.5
        await terminal.type(CTRL_Z)
        await terminal.sees("The Matrix (1999) has no stars of yours any more.")
        assert api.stars[1] == {}


async def test_the_menu_leads_everywhere() -> None:
    async with visiting(MemoryApi()) as (terminal, _):
        await terminal.sees("For J*** D**")
        await terminal.type(F2)
        await terminal.sees("What would you like to do?", "▸For you")
        await terminal.type(DOWN + ENTER)
        await terminal.sees("5 shown", "Michael Mann")
        await terminal.type(DOWN + ENTER)
        await terminal.sees("A thief and a detective.", "Rate it")


async def test_what_is_unclear_is_asked() -> None:
    api = MemoryApi()
    async with visiting(api) as (terminal, _):
        await terminal.sees("For J*** D**")
        await terminal.type("rate hea" + ENTER)
        await terminal.sees("Which movie is “hea”?", "Heat (1995)", "Heat and Dust (1983)")
        await terminal.type(ENTER)
        await terminal.sees("How many stars for Heat (1995)?")
        await terminal.type("5" + ENTER)
        await terminal.sees("Heat (1995) has ★★★★★")
        assert api.stars[1][1].rating == 5


async def test_somebody_new_signs_up_and_is_forgotten() -> None:
    api = MemoryApi()
    async with visiting(api, first="user") as (terminal, program):
        await terminal.sees("Who is watching?", "Somebody new")
        await terminal.type(UP + DOWN + DOWN + ENTER)
        await terminal.sees("What are you called?")
        await terminal.type("Ada Lovelace" + ENTER)
        await terminal.sees("ada-lovelace@example.net")
        await terminal.type(ENTER)
        await terminal.sees("Welcome, A***: you are user 2.")
        await terminal.type("forget me" + ENTER)
        await terminal.sees("Type 2 to do it")
        await terminal.type("2" + ENTER)
        await terminal.sees("User 2 is forgotten: a scan found nothing more.")
        assert 2 not in api.people
        assert not any("ada" in line.lower() for line in program.history)


async def test_a_wrong_number_forgets_nobody() -> None:
    api = MemoryApi()
    async with visiting(api) as (terminal, _):
        await terminal.sees("For J*** D**")
        await terminal.type("forget me" + ENTER)
        await terminal.sees("Type 1 to do it")
        await terminal.type("7" + ENTER)
        await terminal.sees("nothing has happened")
        assert 1 in api.people


async def test_the_pipeline_is_shown_as_it_moves() -> None:
    api = MemoryApi()
    async with visiting(api) as (terminal, _):
        await terminal.sees("For J*** D**", "● live")
        await terminal.type("pipeline" + ENTER)
        await terminal.sees("The pipeline at work", "no change yet")
        api.send("change", table="users", deleted=False, row={"user_id": 1}, milliseconds=41.0)
        await terminal.sees("41 ms, median")


async def test_the_pipeline_says_who_answers_what_waits_and_what_is_wrong() -> None:
    api = MemoryApi()
    api.around = Pipeline(
        (Service("kafka", answers=True), Service("worker", answers=False)),
        (Finding("slot", "ok", "All is well."), Finding("dead_letters", "warning", "Dead letters that wait: 1,234.")),
        {"users": 1234},
        {"users": 56},
    )
    async with visiting(api, first="pipeline") as (terminal, _):
        seen = await terminal.sees("● kafka  ✗ worker", "dead_letters: Dead letters that wait: 1,234.")
        assert "All is well" not in seen
        row = next(line for line in seen.splitlines() if line.lstrip(" ▸").startswith("users"))
        assert row.split()[3:5] == ["56", "1,234"]
        api.around = replace(api.around, findings=())
        await terminal.sees("The watcher does not answer")


async def test_bad_input_is_a_sentence_with_the_nearest_right_command() -> None:
    async with visiting(MemoryApi()) as (terminal, _):
        await terminal.sees("For J*** D**")
        await terminal.type("recomend" + ENTER)
        await terminal.sees("There is no command “recomend”: did you mean `recommend")


async def test_an_api_that_goes_away_is_told_and_what_was_typed_is_kept() -> None:
    api = MemoryApi()
    async with visiting(api) as (terminal, _):
        await terminal.sees("● live")
        api.is_away = True
        api.hang_up()
        await terminal.sees("API away, trying again")
        await terminal.type("rate heat 4" + ENTER)
        await terminal.sees("The API does not answer.", "> rate heat 4")
        api.is_away = False
        await terminal.sees("● live", "The API is back.")
        await terminal.type(ENTER)
        await terminal.sees("Heat (1995) has ★★★★ of you")
        assert api.stars[1][1].rating == 4


async def test_ctrl_c_cancels_and_ctrl_d_leaves() -> None:
    async with visiting(MemoryApi()) as (terminal, program):
        await terminal.sees("For J*** D**")
        await terminal.type("rate he" + CTRL_C)
        await terminal.sees("Cancelled.")
        await terminal.type(CTRL_C)
        await terminal.sees("Ctrl-D leaves.")
        await terminal.type(CTRL_D)
        await terminal.until(lambda _: program.application is not None and program.application.is_done, "for the end")


@pytest.mark.parametrize(("columns", "rows"), [(60, 12), (80, 24), (200, 60)])
async def test_every_width_shows_whole_lines(columns: int, rows: int) -> None:
    async with visiting(MemoryApi(), columns=columns, rows=rows) as (terminal, program):
        await terminal.sees("For J*** D**", "千と千尋")
        await terminal.type("movies" + ENTER)
        await terminal.sees("5 shown")
        assert all(width_of(line) <= columns for line in terminal.text.splitlines())
        terminal.resize(60, 20)
        assert program.application
        program.application.invalidate()
        await terminal.until(
            lambda text: max(map(width_of, text.splitlines())) <= 60 and "5 shown" in text, "to shrink"
        )


async def test_a_title_cannot_steer_the_terminal() -> None:
    api = MemoryApi()
    api.catalogue[1] = type(api.catalogue[1])(1, "Heat\x1b[2J\x07", "Drama", 1995)
    async with visiting(api) as (terminal, _):
        assert "\x1b" not in await terminal.sees("Heat [2J")


KEYS = st.one_of(
    st.sampled_from(
        [UP, DOWN, F2, CTRL_C, CTRL_Z, ENTER, "\t", "\x1b[Z", "\x12", "\x1b", "\x7f", "\x15", "\x17", "\x10", "\x0e"]
    ),
    st.sampled_from(["rate ", "heat ", "5", "user 1", "movies ", "genre:", "undo", "forget me", "help", "new ", '"']),
    st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=3),
)


BURSTS = st.lists(KEYS, min_size=20, max_size=30)  # what comes between two drawings; some two presses each


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example])
@given(st.lists(BURSTS, min_size=10, max_size=12))
def test_ten_thousand_random_keys_do_not_end_it(bursts: list[list[str]]) -> None:
    async def visit() -> None:
        async with visiting(MemoryApi()) as (terminal, program):
            await terminal.sees("● live")
            for keys in bursts:
                for key in keys:
                    await terminal.type(key)
                await asyncio.sleep(0.001)
            await terminal.type("\x1b" + CTRL_C + CTRL_C)
            assert program.application
            assert program.application.is_running
            await terminal.until(lambda text: "live" in text, "for the status bar")

    asyncio.run(visit())
