"""Ages, as they are typed and as they are shown."""

import re
from datetime import timedelta

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_TYPED = re.compile(r"(\d{1,9})([smhd])")


def read_age(text: str) -> timedelta | None:
    """``90s``, ``15m``, ``2h`` or ``7d``; None for anything else."""
    match = _TYPED.fullmatch(text)
    return timedelta(**{_UNITS[match[2]]: int(match[1])}) if match else None


def show_age(span: timedelta) -> str:
    """In its two largest units: ``3d 4h``, ``2m 5s``, ``0s``."""
    left = max(0, int(span.total_seconds()))
    parts: list[str] = []
    for unit, seconds in (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)):
        count, left = divmod(left, seconds)
        if count or (unit == "s" and not parts):
            parts.append(f"{count}{unit}")
    return " ".join(parts[:2])
