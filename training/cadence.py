"""When a training is worth its time: pure rules over what is known of the last one."""

from dataclasses import dataclass
from datetime import datetime, timedelta

IN_ANY_CASE = timedelta(hours=23)  # a run of the next day is due although it starts some minutes earlier


@dataclass(frozen=True, slots=True)
class LastTraining:
    """The newest registered version, promoted or not."""

    version: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Cadence:
    """How often somebody wants trainings."""

    most_often: timedelta
    worth: int
    """Changed interactions that are worth one."""


def reason_to_wait(last: LastTraining | None, changes: int, wanted: Cadence, now: datetime) -> str | None:
    """Why no training is due, as a sentence; None when one is.

    Never sooner than ``most_often`` after the last one; at least daily; in between when enough has changed.
    """
    if last is None or now - last.at >= IN_ANY_CASE:
        return None
    if now - last.at < wanted.most_often:
        minutes = wanted.most_often // timedelta(minutes=1)
        return f"Version {last.version} was trained at {last.at:%H:%M} UTC, less than {minutes} minutes ago."
    if changes < wanted.worth:
        return (
            f"{changes} interactions have changed since version {last.version}, and {wanted.worth} are worth a "
            "training."
        )
    return None
