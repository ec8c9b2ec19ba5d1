"""The catalogue at hand: all movies of the API, kept on disk from one session to the next.

Each page is kept with its ETag and asked for again with it, so that a start costs the answers that changed.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from cli.answers import Movie, as_json, read
from cli.api import Api, MovieQuery, Part
from cli.errors import BadCommand, Refused
from cli.titles import Titles
from cli.words import plain

_PAGE = 500
_AT_ONCE = 8  # pages that are asked for side by side
_EVERYTHING = MovieQuery()


class PageFile:
    """The pages of one API on disk. A file that is missing or cannot be read is an empty one."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> list[Part[Movie]]:
        try:
            pages = json.loads(self._path.read_bytes())
            return [
                Part(tuple(read(Movie, movie) for movie in page["items"]), page["next"], page["etag"]) for page in pages
            ]
        except (OSError, ValueError, KeyError, TypeError, Refused):
            return []

    def write(self, pages: list[Part[Movie]]) -> None:
        """Keep the pages; a folder that cannot be written keeps none."""
        partial = self._path.with_suffix(".partial")
        text = json.dumps([{"items": as_json(page.items), "next": page.next, "etag": page.etag} for page in pages])
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            partial.write_text(text)
            partial.replace(self._path)
        except OSError:
            partial.unlink(missing_ok=True)


async def fetch_pages(api: Api, held: list[Part[Movie]]) -> list[Part[Movie]]:
    """All pages as they are now, those of ``held`` that still stand taken from there."""
    cursors = [0, *(page.next for page in held if page.next is not None)]
    gate = asyncio.Semaphore(_AT_ONCE)

    async def again(page: Part[Movie], after: int) -> Part[Movie]:
        async with gate:
            return await api.movies(_EVERYTHING, after, _PAGE, page.etag) or page

    now = await asyncio.gather(*(again(page, after) for page, after in zip(held, cursors, strict=False)))
    pages: list[Part[Movie]] = []
    after: int | None = 0
    while after is not None:
        # A page that ends elsewhere than it did moves all that come after it.
        at = len(pages)
        known = now[at] if at < len(now) and cursors[at] == after else None
        page = known or await api.movies(_EVERYTHING, after, _PAGE)
        if page is None:
            raise Refused("The API answered that a page has not changed which the shell never saw.")
        pages.append(page)
        after = page.next
    return pages


class Catalogue:
    """Movies by title and number. Asks the API as long as not all of them are at hand.

    ``kept`` is where pages are kept between sessions, None to keep none.
    """

    def __init__(self, api: Api, kept: PageFile | None = None) -> None:
        self._api = api
        self._kept = kept
        self._seen: dict[int, Movie] = {}
        self._changed: dict[int, Movie | None] = {}
        self._loading = asyncio.Lock()
        self.titles: Titles | None = None

    async def load(self) -> Titles:
        """All movies as they are now; fetched once, and then as the stream tells. Raises Refused or Unreachable."""
        async with self._loading:
            if self.titles is None:
                held = await asyncio.to_thread(self._kept.read) if self._kept else []
                pages = await fetch_pages(self._api, held)
                if self._kept and pages != held:
                    await asyncio.to_thread(self._kept.write, pages)
                movies = {movie.movie_id: movie for page in pages for movie in page.items}
                await self._index(movies)
            elif self._changed:
                await self._index(self.titles.movies)
            titles = self.titles
            if titles is None:
                raise Refused("The catalogue could not be read: try again.")
            return titles

    async def _index(self, movies: Mapping[int, Movie]) -> None:
        self._changed, changed = {}, self._changed
        now = {**movies, **changed}
        self.titles = await asyncio.to_thread(Titles, [movie for movie in now.values() if movie is not None])

    def take(self, row: Mapping[str, Any], *, deleted: bool) -> None:
        """A movie changed, as the stream tells."""
        try:
            movie_id = int(row["movie_id"])
            rating = row.get("imdb_rating")
            movie = None if deleted else read(Movie, {**row, "imdb_rating": rating and float(rating)})
        except (KeyError, ValueError, TypeError, Refused):
            return
        self._seen.pop(movie_id, None)
        self._changed[movie_id] = movie

    async def movie(self, movie_id: int) -> Movie:
        """One movie, whole. Raises Refused when there is none."""
        known = self.at_hand(movie_id)
        return known if known and known.description is not None else await self._ask(movie_id)

    async def _ask(self, movie_id: int) -> Movie:
        self._seen[movie_id] = movie = await self._api.movie(movie_id)
        return movie

    def at_hand(self, movie_id: int) -> Movie | None:
        """The movie, if it is known without asking."""
        return (self.titles.movies.get(movie_id) if self.titles else None) or self._seen.get(movie_id)

    async def know(self, movie_ids: tuple[int, ...]) -> None:
        """Have these at hand: one by one where they are few, else all there are."""
        missing = [movie_id for movie_id in dict.fromkeys(movie_ids) if self.at_hand(movie_id) is None]
        if len(missing) > 2 * _AT_ONCE:
            await self.load()
            return
        answers = await asyncio.gather(*(self._ask(movie_id) for movie_id in missing), return_exceptions=True)
        for answer in answers:
            # One that was taken from the catalogue a moment ago is shown by its number
            if isinstance(answer, BaseException) and not isinstance(answer, Refused):
                raise answer

    def label(self, movie_id: int) -> str:
        """How the movie is called."""
        movie = self.at_hand(movie_id)
        return movie.label if movie else f"movie #{movie_id}"

    async def browse(self, typed: str, query: MovieQuery, limit: int) -> list[Movie]:
        """Movies whose titles fit what was typed, of this genre, year and director."""
        if self.titles is None:
            asked = replace(query, title=typed or None)
            part = await self._api.movies(asked, 0, limit)
            if part and (part.items or not typed):
                self._seen |= {movie.movie_id: movie for movie in part.items}
                return list(part.items)
        titles = await self.load()
        found = titles.find(typed, len(titles)) if typed else list(titles.movies.values())
        return [movie for movie in found if _fits(movie, query)][:limit]

    async def named(self, typed: str) -> list[Movie]:
        """The movies that ``typed`` may mean, best first; one when it is clear. ``#5`` is the movie of that number.

        Raises BadCommand when nothing comes near it.
        """
        number = typed.removeprefix("#")
        if typed.startswith("#") and number.isascii() and number.isdigit():
            return [await self.movie(int(number))]
        titles = await self.load() if self.titles is not None else None
        if titles is None:
            part = await self._api.movies(MovieQuery(title=_without_year(typed)), 0, _PAGE)
            titles = Titles(part.items) if part and part.items else await self.load()
        found = titles.exact(typed) or titles.find(typed)
        if not found and self.titles is None:
            titles = await self.load()
            found = titles.exact(typed) or titles.find(typed)
        if not found:
            raise BadCommand(f"No movie is called anything like “{typed}”: `movies` shows what there is.")
        self._seen |= {movie.movie_id: movie for movie in found if self.titles is None}
        return found


def _without_year(typed: str) -> str:
    title, _, rest = typed.rpartition(" (")
    return title if title and rest.removesuffix(")").isdigit() else typed


def _fits(movie: Movie, query: MovieQuery) -> bool:
    return (
        (query.genre is None or plain(query.genre) in map(plain, movie.genres))
        and (query.year is None or movie.release_year == query.year)
        and (query.director is None or plain(query.director) in plain(movie.director or ""))
    )
