"""When dead letters are an outage, not bad data."""

from collections import defaultdict

from dataflix.errors import DataflixError


class TooManyDeadLetters(DataflixError):
    """So many events of one table in a row could not be processed that it is an outage, not bad data."""


class Patience:
    """Counts dead letters in a row, for each table, and loses its patience at ``limit``."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._in_a_row: defaultdict[str, int] = defaultdict(int)

    def good(self, table: str) -> None:
        """An event of the table could be processed."""
        self._in_a_row[table] = 0

    def bad(self, table: str, reason: str) -> None:
        """An event of the table could not. Raises TooManyDeadLetters."""
        self._in_a_row[table] += 1
        if self._in_a_row[table] >= self._limit:
            raise TooManyDeadLetters(
                f"{self._limit} events of {table} in a row could not be processed, the last one because: {reason} "
                "Compare the contract with the source, then start the worker again: nothing is lost. "
                "DATAFLIX_DEAD_LETTER_LIMIT moves the limit."
            )
