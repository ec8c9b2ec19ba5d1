"""The data sets and models of trainings, which another program keeps: it is asked by its command."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from clickhouse.erasure.receipt import Rest
from dataflix.settings import PROJECT, Settings

DATA_SETS, MODELS = "snapshots", "models"
LIMIT_S: Final = 300.0
_NOBODY = "No model holds a person, but what was learned from everybody; the next training does without this one"


def forget_in_trainings(settings: Settings, user_id: int) -> tuple[int, dict[str, Rest]]:
    """How many data sets held the person and were removed; what stays of trainings, by place.

    An erasure does not fail where trainings cannot be asked: their data sets expire.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-m", "training", "forget", str(user_id)],
            cwd=PROJECT,
            env=os.environ | {"DATAFLIX_HOME": str(settings.home)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        answer = json.loads(done.stdout) if done.returncode == 0 else None
    except (subprocess.TimeoutExpired, json.JSONDecodeError):
        answer = None
    if answer is None:
        return 0, unanswered(user_id, datetime.now(UTC) + timedelta(days=settings.snapshot_retention_days))
    return len(answer["removed"]), {MODELS: Rest(models_sentence(answer))}


def unanswered(user_id: int, until: datetime) -> dict[str, Rest]:
    """What is told where trainings could not be asked."""
    data_sets = (
        "data sets of trainings (numbers of people and movies, and scores), which could not be looked through: they "
        f"expire, but the champion's; `python -m training forget {user_id}` removes those that hold this person"
    )
    return {DATA_SETS: Rest(data_sets, until), MODELS: Rest(_NOBODY)}


def models_sentence(answer: Mapping[str, Any]) -> str:
    """Which versions saw the person."""
    sentences = [_NOBODY]
    if saw := answer["saw"]:
        serves = ", the champion among them" if answer["champion"] in saw else ""
        sentences.append(f"Versions trained with this person among others: {_ranges(saw)}{serves}")
    if unknown := answer["unknown"]:
        sentences.append(f"Versions whose data set is gone, so that nobody can say: {_ranges(unknown)}")
    return ". ".join(sentences)


def _ranges(numbers: list[int]) -> str:
    """``1-3, 7`` of 1, 2, 3, 7."""
    found: list[list[int]] = []
    for number in numbers:
        if found and number == found[-1][-1] + 1:
            found[-1].append(number)
        else:
            found.append([number])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in found)
