"""Words as people type them: without accents, capitals and signs, and with slips of the finger."""

import unicodedata
from collections.abc import Iterable

_MANY = 100  # characters beyond which nobody mistypes a name


def plain(text: str) -> str:
    """Lower case, accents taken off: ``Amélie`` is ``amelie``."""
    folded = text.casefold()
    if folded.isascii():
        return folded
    return "".join(char for char in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(char))


def words(text: str) -> tuple[str, ...]:
    """The words of a text in order, letters and digits alone. Signs within a word part it and join it: ``WALL·E`` is
    ``walle``, ``wall`` and ``e``."""
    found: list[str] = []
    for piece in plain(text).split():
        if piece.isalnum():
            found.append(piece)
            continue
        parts = "".join(char if char.isalnum() else " " for char in piece).split()
        if len(parts) > 1:
            found.append("".join(parts))
        found += parts
    return tuple(found)


def distance(one: str, other: str, most: int) -> int:
    """Letters to add, drop, replace or swap with their neighbour, from one word to the other; ``most + 1`` for more."""
    if one == other:
        return 0
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, char in enumerate(one, start=1):
        earlier, before, row = before, row, [i]
        for j, against in enumerate(other, start=1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (char != against))
            if i > 1 and j > 1 and char == other[j - 2] and one[i - 2] == against:
                cost = min(cost, earlier[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return min(row[-1], most + 1)


def slips(word: str) -> int:
    """How many slips a word of this length is forgiven."""
    return 0 if len(word) < 3 else 1 if len(word) < 6 else 2


def nearest(word: str, among: Iterable[str]) -> str | None:
    """The one of ``among`` that was most likely meant: what begins so, else what is few slips away; None if none is."""
    word = plain(word)[:_MANY]
    ranked = sorted((not one.startswith(word), distance(word, one, slips(word)), one) for one in among) if word else []
    good = [one for begins_otherwise, away, one in ranked if not begins_otherwise or away <= slips(word)]
    return good[0] if good else None
