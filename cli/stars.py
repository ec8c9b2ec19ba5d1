"""Stars, as they are typed and as they are shown."""

MOST = 5.0
LEAST = 0.5
_SIGNS = {"★": 1.0, "*": 1.0, "☆": 0.0, "½": 0.5}


def read_stars(text: str) -> float | None:
    """Stars in halves from 0.5 to 5: ``4.5``, ``4,5``, ``4½``, ``****``, ``★★★★½``, ``4/5``; None for anything else."""
    text = text.strip().removesuffix("/5")
    if not text:
        return None
    if all(sign in _SIGNS for sign in text):
        stars = sum(_SIGNS[sign] for sign in text)
    else:
        half = text.endswith("½")
        number = text.removesuffix("½").replace(",", ".")
        whole, _, part = number.partition(".")
        if not (whole.isascii() and whole.isdigit()) or part not in ("", "0", "5", "00", "50") or len(whole) > 1:
            return None
        if half and part:
            return None
        stars = float(whole) + (0.5 if half or part.startswith("5") else 0.0)
    return stars if LEAST <= stars <= MOST else None


def show_stars(stars: float) -> str:
    """``★★★★½``. Whoever gave none shows none."""
    return "★" * int(stars) + ("½" if stars % 1 else "")
