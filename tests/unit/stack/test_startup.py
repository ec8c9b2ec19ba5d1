"""The order of starting, and giving up."""

import threading

import pytest

from stack.errors import StepFailed
from stack.startup import run_in_order


def test_a_task_runs_after_those_that_it_needs() -> None:
    done: list[str] = []
    run_in_order(
        {
            "c": (("a", "b"), lambda: done.append("c")),
            "b": (("a",), lambda: done.append("b")),
            "a": ((), lambda: done.append("a")),
        }
    )
    assert done == ["a", "b", "c"]


def test_tasks_that_do_not_need_one_another_run_side_by_side() -> None:
    meeting = threading.Barrier(2, timeout=60)

    def meet() -> None:
        meeting.wait()

    run_in_order({"a": ((), meet), "b": ((), meet)})
    assert not meeting.broken


def test_a_need_that_is_no_task_of_this_start_is_taken_for_done() -> None:
    done: list[str] = []
    run_in_order({"a": (("runs already",), lambda: done.append("a"))})
    assert done == ["a"]


def test_after_a_failure_nothing_new_begins_and_the_failure_is_told() -> None:
    done: list[str] = []

    def fail() -> None:
        raise StepFailed("It failed.")

    with pytest.raises(StepFailed, match="It failed"):
        run_in_order({"a": ((), fail), "b": (("a",), lambda: done.append("b"))})
    assert done == []
