"""What a person sees of the steps."""

import io

import pytest
from rich.console import Console

from stack.errors import StepFailed
from stack.progress import Steps


def steps_into(terminal: bool) -> tuple[Steps, io.StringIO]:
    stream = io.StringIO()
    return Steps(Console(file=stream, force_terminal=terminal, width=80, color_system=None)), stream


def test_outside_of_a_terminal_each_step_is_a_line_at_its_start_and_one_at_its_end() -> None:
    steps, stream = steps_into(terminal=False)
    with steps.shown(), steps.step("Kafka"):
        assert stream.getvalue() == "  … Kafka\n"
    assert stream.getvalue().splitlines()[1].startswith("  ✓ Kafka (0.")


def test_a_step_that_fails_stands_as_failed() -> None:
    steps, stream = steps_into(terminal=False)
    with pytest.raises(StepFailed), steps.shown(), steps.step("Kafka"):
        raise StepFailed("It failed.")
    assert "✗ Kafka" in stream.getvalue()


def test_on_a_terminal_steps_run_side_by_side_and_leave_a_line_each() -> None:
    steps, stream = steps_into(terminal=True)
    with steps.shown(), steps.step("Kafka"), steps.step("ClickHouse"):
        pass
    assert "✓ Kafka" in stream.getvalue()
    assert "✓ ClickHouse" in stream.getvalue()
