"""The shell as its people use it: the real program in a pseudo-terminal, on the real stack."""

import json
import os
import sys

import pexpect
from running_stack import COMMAND, Stack, patiently
from terminal import at_a_terminal

DOWN, ENTER = "\x1b[B", "\r"


def test_a_newcomer_changes_a_list_without_reading_anything(stack: Stack) -> None:
    with at_a_terminal(stack.environment) as person:
        person.sees("Who is watching?", "● live")
        person.type(DOWN + ENTER)
        person.sees("For J*** D**", "Because of")
        person.type(DOWN + ENTER)
        person.sees("Rate it", "I have watched it")
        person.type(DOWN + ENTER)
        person.sees("How many stars for")
        person.type("5" + ENTER)
        person.sees("has ★★★★★ of you")
        person.type("recommend" + ENTER)
        person.sees("For J*** D**")
        person.type("undo" + ENTER)
        person.sees("has no stars of yours any more", "from the commit to this list")


def test_a_rating_made_elsewhere_moves_the_list(stack: Stack) -> None:
    someone = stack.sign_up()
    with at_a_terminal(stack.environment, "--user", str(someone)) as person:
        person.sees("For S***", "what is popular, until you rate something")
        first = stack.recommended(someone)[0]
        stack.rate(someone, first, 5.0)
        seen = person.sees("ms from the commit to this list", "from 1 of your movies")
        assert "▲" in seen


def test_it_follows_the_size_of_its_window(stack: Stack) -> None:
    with at_a_terminal(stack.environment, "--user", "1") as person:
        person.sees("For J*** D**", "Because of")
        person.resize(60, 16)
        person.sees("For J*** D**", "● live")
        assert max(map(len, person.text.splitlines())) <= 60


def test_it_waits_for_an_api_that_restarts(stack: Stack) -> None:
    with at_a_terminal(stack.environment, "--user", "1") as person:
        person.sees("For J*** D**", "● live")
        person.type("rate interst")
        person.sees("Interstellar (2014)")
        stack.must_run("restart", "api")
        person.sees("> rate interst", "The API is back.", "Interstellar (2014)")


def test_the_pipeline_is_shown_whole(stack: Stack) -> None:
    for attempt in patiently():
        with attempt:
            shown = stack.run("shell", "--json", "-c", "pipeline")
            assert shown.returncode == 0, shown.stderr
            pipeline = json.loads(shown.stdout)
            assert all(service["answers"] for service in pipeline["services"])
            assert {"slot", "connector", "dead_letters"} <= {finding["name"] for finding in pipeline["findings"]}
            assert {"users", "movies", "ratings", "watched_movies"} <= set(pipeline["worker_lag"])


def test_scripts_get_json_and_exit_codes(stack: Stack) -> None:
    for attempt in patiently():  # an API that has just been started knows nobody yet
        with attempt:
            listed = stack.run("shell", "--json", "-c", "recommend 1 limit:3")
            assert listed.returncode == 0, listed.stderr
            assert len(json.loads(listed.stdout)["recommendations"]) == 3
    wrong = stack.run("shell", "-c", "recomend")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "did you mean `recommend" in wrong.stderr
    refused = stack.run("shell", "-c", "user 999999")
    assert refused.returncode == 1
    assert "Traceback" not in refused.stderr
    away = stack.run("shell", "--api", "http://127.0.0.1:1", "-c", "popular")
    assert away.returncode == 1
    assert "does not answer" in away.stderr


def test_commands_come_through_a_pipe_without_control_codes(stack: Stack) -> None:
    child = pexpect.spawn(
        "/bin/sh",
        ["-c", f"printf 'user 1\\nratings\\n' | {sys.executable} {COMMAND} shell | cat"],
        env=stack.environment | {"PATH": os.environ["PATH"]},
        encoding="utf-8",
        timeout=60,
    )
    child.expect(pexpect.EOF)
    assert "What you think" in child.before
    assert "\x1b" not in child.before
