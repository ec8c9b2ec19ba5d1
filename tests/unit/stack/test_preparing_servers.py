"""What a server needs before it starts: made once, made anew when what it is made from has changed."""

import stat
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from stack.errors import StepFailed
from stack.preparation import Preparation

WRITES = "import os; open('made', 'a').write(os.environ['WHAT']); print('told')"


@pytest.fixture
def preparation(tmp_path: Path) -> Preparation:
    return Preparation(
        failure="It could not be made",
        command=[sys.executable, "-c", WRITES],
        environment={"WHAT": "x"},
        folder=tmp_path,
        log=tmp_path / "log",
        mark=tmp_path / "mark",
        made_from="one",
    )


def test_it_is_done_once_for_what_it_is_made_from(preparation: Preparation, tmp_path: Path) -> None:
    preparation.run()
    preparation.run()
    assert (tmp_path / "made").read_text() == "x"

    replace(preparation, made_from="two").run()
    assert (tmp_path / "made").read_text() == "xx"


def test_its_output_is_in_a_log_for_the_owner_only(preparation: Preparation) -> None:
    preparation.run()
    assert preparation.log.read_text() == "told\n"
    assert stat.S_IMODE(preparation.log.stat().st_mode) == 0o600


def test_what_failed_says_where_to_look_and_is_tried_again(preparation: Preparation, tmp_path: Path) -> None:
    failing = replace(preparation, command=[sys.executable, "-c", "raise SystemExit(3)"])
    with pytest.raises(StepFailed, match=f"It could not be made: the whole log is {failing.log}"):
        failing.run()

    preparation.run()
    assert (tmp_path / "made").read_text() == "x"
