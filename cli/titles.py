"""Movies by what somebody types of their title. Built once for a catalogue; looking up 60,000 takes milliseconds.

What begins as typed comes first, then titles whose words begin with what was typed, in whatever order, then those that
are a slip of the finger away.
"""

import heapq
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

from cli.answers import Movie
from cli.words import distance, plain, slips, words

_LAST = "\U0010ffff"
_CANDIDATES = 60  # words that are compared letter by letter
_ARTICLES = ("the ", "a ", "an ")


class Titles:
    """An index of titles. Never changes: a changed catalogue gets a new one."""

    def __init__(self, movies: Iterable[Movie]) -> None:
        self.movies = {movie.movie_id: movie for movie in movies}
        beginnings: list[tuple[str, int]] = []
        found: defaultdict[str, list[int]] = defaultdict(list)
        for movie in self.movies.values():
            spoken = words(movie.title)
            key = " ".join(spoken)
            beginnings.append((key, movie.movie_id))
            beginnings += [
                (key.removeprefix(article), movie.movie_id) for article in _ARTICLES if key.startswith(article)
            ]
            years = (str(movie.release_year),) if movie.release_year else ()
            for word in {*spoken, *years}:
                found[word].append(movie.movie_id)
        beginnings.sort()
        self._beginnings = [key for key, _ in beginnings]
        self._beginning_ids = [movie_id for _, movie_id in beginnings]
        self._words = sorted(found)
        self._postings = dict(found)
        self._grams: defaultdict[str, list[str]] = defaultdict(list)
        for word in self._words:
            for gram in _grams(word):
                self._grams[gram].append(word)
        self.genres = sorted({genre for movie in self.movies.values() for genre in movie.genres})

    def __len__(self) -> int:
        return len(self.movies)

    def find(self, typed: str, limit: int = 10) -> list[Movie]:
        """The movies that are most likely meant, best first."""
        spoken = words(typed)
        if not spoken:
            return []
        found = dict.fromkeys(self._beginning_with(spoken, limit))
        if len(found) < limit:
            for matches in (self._prefixed, self._nearly):
                more = self._with_all(spoken, matches)
                found |= dict.fromkeys(heapq.nsmallest(limit + len(found), more, key=self._rank))
                if found:
                    break
        return [self.movies[movie_id] for movie_id in list(found)[:limit]]

    def exact(self, typed: str) -> list[Movie]:
        """The movies of just this title, with or without its year in brackets and its article."""
        key = " ".join(words(typed))
        return [
            movie
            for movie in self.find(typed, 50)
            if key in _names(movie) or plain(typed).strip() == plain(movie.label)
        ]

    def _rank(self, movie_id: int) -> tuple[int, str, int]:
        title = self.movies[movie_id].title
        return len(title), title, movie_id

    def _beginning_with(self, spoken: Sequence[str], limit: int) -> list[int]:
        key = " ".join(spoken)
        first, last = bisect_left(self._beginnings, key), bisect_left(self._beginnings, key + _LAST)
        return heapq.nsmallest(2 * limit, self._beginning_ids[first:last], key=self._rank)

    def _with_all(self, spoken: Sequence[str], matches: Callable[[str], Iterable[str]]) -> set[int]:
        """The movies with a matching word for each word that was typed."""
        found: set[int] | None = None
        for word in spoken:
            having: set[int] = set()
            for match in matches(word):
                having.update(self._postings[match])
            found = having if found is None else found & having
            if not found:
                return set()
        return found or set()

    def _prefixed(self, word: str) -> Iterator[str]:
        for at in range(bisect_left(self._words, word), len(self._words)):
            if not self._words[at].startswith(word):
                return
            yield self._words[at]

    def _nearly(self, word: str) -> list[str]:
        """Words that begin so, or are few slips away."""
        shared = Counter[str]()
        for gram in _grams(word):
            shared.update(self._grams.get(gram, ()))
        allowed = slips(word)
        likely = heapq.nlargest(_CANDIDATES, shared.items(), key=lambda one: 2 * one[1] - len(one[0]))
        near = [one for one, _ in likely if distance(word, one, allowed) <= allowed]
        return list(dict.fromkeys((*self._prefixed(word), *near)))


def _grams(word: str) -> set[str]:
    padded = f" {word} "
    return {padded[at : at + 2] for at in range(len(padded) - 1)}


def _names(movie: Movie) -> set[str]:
    key = " ".join(words(movie.title))
    names = {key, *(key.removeprefix(article) for article in _ARTICLES)}
    return names | {f"{name} {movie.release_year}" for name in names}
