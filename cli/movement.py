"""What moved between two lists."""

from collections.abc import Sequence


def moves(before: Sequence[int] | None, now: Sequence[int]) -> dict[int, int | None]:
    """For each movie of the list now: places up (down is negative), 0 when it stayed, None when it is new.

    Nothing has moved when there was no list before.
    """
    if before is None:
        return dict.fromkeys(now, 0)
    places = {movie_id: place for place, movie_id in enumerate(before)}
    return {movie_id: places[movie_id] - place if movie_id in places else None for place, movie_id in enumerate(now)}


def show_move(move: int | None) -> str:
    """``▲2``, ``▼1``, ``new``, or nothing for what stayed."""
    if move is None:
        return "new"
    return f"▲{move}" if move > 0 else f"▼{-move}" if move < 0 else ""
