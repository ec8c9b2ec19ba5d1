"""Titles as MovieLens writes them, ``Matrix, The (1999)``, taken apart."""

import re

EARLIEST_YEAR, LATEST_YEAR = 1870, 2200  # what the source takes for a release

# The year in brackets at the end; a series has a range, of which the first year counts.
_YEAR = re.compile(r"\s*\((\d{4})(?:[-\u2013](?:\d{4})?)?\)\s*$")
_ARTICLES = (
    "The|An|A|Le|La|Les|L'|Un|Une|El|Los|Las|Una|Il|Lo|Gli|I|Der|Die|Das|Den|Det|De|Het|Ein|Eine|En|Et|O|Os|As|Um|Uma"
)
# A name with its article behind a comma, where the title or a bracket in it ends.
_INVERTED = re.compile(rf"(?P<also>\(a\.k\.a\. )?(?P<name>[^()]+), (?P<article>{_ARTICLES})(?=\s*(?:[()]|$))")


def split_title(text: str) -> tuple[str, int | None]:
    """Title and release year: ``Matrix, The (1999)`` -> ``The Matrix``, 1999. No year stays None."""
    year = _YEAR.search(text)
    if year and EARLIEST_YEAR <= int(year[1]) <= LATEST_YEAR:
        return article_first(text[: year.start()].strip()), int(year[1])
    return article_first(text.strip()), None


def article_first(title: str) -> str:
    """Bring articles from behind the comma to the front, in brackets too."""
    return _INVERTED.sub(_with_article_first, title)


def _with_article_first(found: re.Match[str]) -> str:
    gap = "" if found["article"].endswith("'") else " "
    return f"{found['also'] or ''}{found['article']}{gap}{found['name'].strip()}"
