"""When a training is worth its time: pure rules over what is known of the last one."""

from dataclasses import dataclass
from datetime import datetime, timedelta

MOST_OFTEN = timedelta(hours=1)
IN_ANY_CASE = timedelta(hours=23)  # a run of the next day is due although it starts some minutes earlier


@dataclass(frozen=True, slots=True)
class LastTraining:
    """The newest registered version, promoted or not."""

    version: int
    at: datetime


def reason_to_wait(last: LastTraining | None, changes: int, worth: int, now: datetime) -> str | None:
    """Why no training is due, as a sentence; None when one is.

    At most hourly; at least daily; in between when ``worth`` interactions have changed since the last one.
    """
    if last is None or now - last.at >= IN_ANY_CASE:
        return None
    if now - last.at < MOST_OFTEN:
        return f"Version {last.version} was trained at {last.at:%H:%M} UTC, less than an hour ago."
    if changes < worth:
        return f"{changes} interactions have changed since version {last.version}, and {worth} are worth a training."
    return None
