"""Ratings or viewings in as little memory as they need: 20 million of them are part of one process.

A row is one record of 47 bytes among those of its person. As objects of Python it would be half a kilobyte.
"""

import struct
from array import array
from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from api.changes import Opinion

_RECORD = struct.Struct("<q16sqIqHB")  # row, version, transaction, place of the movie, moment, score, stars
_SIZE = _RECORD.size
_ALIKE = [("row", "<i8"), ("version", "V16"), ("txid", "<i8"), ("at", "<i8"), ("score", "<u2"), ("stars", "u1")]
_PACKED = np.dtype([*_ALIKE[:3], ("movie", "<u4"), *_ALIKE[3:]])  # a record, and a block's row without its names
BLOCK = np.dtype([*_ALIKE[:3], ("user", "<i8"), ("movie", "<i8"), *_ALIKE[3:]])  # what `fill` takes
_FIELDS = np.dtype(
    {"names": ["row", "movie"], "formats": ["<i8", "<u4"], "offsets": [0, 8 + 16 + 8], "itemsize": _SIZE}
)
_VERSION_BYTES = 16
HUNDREDTHS, TENTHS = 100, 10  # scores have two decimals, stars one
NO_STARS, NO_TRANSACTION = 255, -1
_PAGE_BITS = 8  # of a row's number: numbers stand close together, so that a page of the index is mostly full
_PAGE = 1 << _PAGE_BITS
_SHELVES = 16  # parts of the people, whose records are put together one part after another
_EMPTY_PAGE = array("I", bytes(4 * _PAGE))

Written = tuple[int, int | None]
Block = npt.NDArray[np.void]
Numbers = npt.NDArray[np.int64]
Places = npt.NDArray[np.uint32]


class OpinionRows:
    """The newest version of each row, by number; a deleted row is remembered as deleted. ``rated`` for ratings."""

    def __init__(self, *, rated: bool) -> None:
        self._rated = rated
        self._people: dict[int, int] = {}  # their places in the next two
        self._users: list[int] = []
        self._records: list[bytearray] = []
        self._movies: dict[int, int] = {}  # their places in the next
        self._movie_ids: list[int] = []
        self._pages: dict[int, array[int]] = {}  # the place of a row's person, from 1; 0 where there is no such row
        self._gone: dict[int, Written] = {}
        self._alive = 0

    def __len__(self) -> int:
        """How many rows exist now."""
        return self._alive

    def __contains__(self, key: int) -> bool:
        return self._person(key) is not None

    def get(self, key: int) -> Opinion | None:
        """The row as it stands, None when it was deleted or never seen."""
        person = self._person(key)
        return None if person is None else self._read(person, self._offset(person, key))

    def written(self, key: int) -> Written | None:
        """Version and transaction of what is held of a row, also of a deleted one; None when it was never seen."""
        person = self._person(key)
        if person is None:
            return self._gone.get(key)
        _, version, txid, *_ = _RECORD.unpack_from(self._records[person], self._offset(person, key))
        return int.from_bytes(version, "little"), None if txid == NO_TRANSACTION else txid

    def is_news(self, key: int, version: int) -> bool:
        """Whether this version is newer than what is held."""
        held = self.written(key)
        return held is None or version > held[0]

    def put(self, key: int, version: int, row: Opinion | None, txid: int | None = None) -> Opinion | None:
        """Take over a version that ``is_news``; returns the row that it replaces."""
        before = self._remove(key)
        if row is None:
            self._gone[key] = version, txid
        else:
            self._gone.pop(key, None)
            self._add(key, version, row, txid)
        return before

    def fill(self, blocks: Iterable[Block]) -> None:
        """Take in many rows at once: records of ``BLOCK``, each of a row that is not held yet.

        Whoever has rows in many blocks gets one piece of memory at the end, and not one that grows with each of them.
        """
        shelves: list[list[tuple[Places, Block]]] = [[] for _ in range(_SHELVES)]
        for block in blocks:
            people, records = self._packed(block)
            self._enter(block["row"], people)
            self._alive += block.size
            for number, shelf in enumerate(shelves):
                here = people % _SHELVES == number
                shelf.append((people[here], records[here]))
        for shelf in shelves:
            if shelf:
                self._unpack(np.concatenate([one[0] for one in shelf]), np.concatenate([one[1] for one in shelf]))
            shelf.clear()  # before the next one needs its memory

    def _packed(self, block: Block) -> tuple[Places, Block]:
        """Each row's person, and its record."""
        users, user_of = np.unique(block["user"], return_inverse=True)
        movies, movie_of = np.unique(block["movie"], return_inverse=True)
        people = np.array([self._place_of_person(user) for user in users.tolist()], dtype=np.uint32)
        titles = np.array([self._place_of_movie(movie) for movie in movies.tolist()], dtype=np.uint32)
        records = np.empty(block.size, _PACKED)
        for name, _ in _ALIKE:
            records[name] = block[name]
        records["movie"] = titles[movie_of]
        return people[user_of], records

    def _unpack(self, people: Places, records: Block) -> None:
        packed = memoryview(records[np.argsort(people, kind="stable")].tobytes())
        who, counts = np.unique(people, return_counts=True)
        ends = (np.cumsum(counts) * _SIZE).tolist()
        for person, (start, end) in zip(who.tolist(), pairwise([0, *ends]), strict=True):
            self._records[person] += packed[start:end]

    @property
    def people(self) -> list[int]:
        """Whoever has or had rows."""
        return self._users

    def choices(self, users: Sequence[int]) -> tuple[Numbers, Numbers]:
        """Of each row of ``users`` the person, as a place in ``users``, and the movie."""
        places = [self._people.get(user) for user in users]
        records = [b"" if place is None else self._records[place] for place in places]
        movies = np.frombuffer(b"".join(records), _FIELDS)["movie"]
        counts = [len(one) // _SIZE for one in records]
        return np.repeat(np.arange(len(users)), counts), np.array(self._movie_ids, dtype=np.int64)[movies]

    def of(self, user_id: int) -> list[Opinion]:
        """A person's rows, in no order."""
        person = self._people.get(user_id)
        if person is None:
            return []
        return [self._read(person, offset) for offset in range(0, len(self._records[person]), _SIZE)]

    def has(self, user_id: int, movie_id: int) -> bool:
        """Whether one of the person's rows is about this movie."""
        person, movie = self._people.get(user_id), self._movies.get(movie_id)
        if person is None or movie is None:
            return False
        return bool((np.frombuffer(self._records[person], _FIELDS)["movie"] == movie).any())

    def settle(self) -> None:
        """Give back the room that was kept for growing, once most of what is to come has come."""
        for place, records in enumerate(self._records):  # one by one: never are all of them there twice
            self._records[place] = bytearray(memoryview(records))

    def _person(self, key: int) -> int | None:
        """The place of the person whose row it is."""
        page = self._pages.get(key >> _PAGE_BITS)
        return page[key % _PAGE] - 1 if page is not None and page[key % _PAGE] else None

    def _offset(self, person: int, key: int) -> int:
        return int(np.argmax(np.frombuffer(self._records[person], _FIELDS)["row"] == key)) * _SIZE

    def _read(self, person: int, offset: int) -> Opinion:
        _, _, _, movie, at, score, stars = _RECORD.unpack_from(self._records[person], offset)
        return Opinion(
            self._users[person],
            self._movie_ids[movie],
            self._rated,
            score / HUNDREDTHS,
            at,
            None if stars == NO_STARS else stars / TENTHS,
        )

    def _place_of_person(self, user_id: int) -> int:
        person = self._people.get(user_id)
        if person is None:
            person = self._people[user_id] = len(self._users)
            self._users.append(user_id)
            self._records.append(bytearray())
        return person

    def _place_of_movie(self, movie_id: int) -> int:
        movie = self._movies.get(movie_id)
        if movie is None:
            movie = self._movies[movie_id] = len(self._movie_ids)
            self._movie_ids.append(movie_id)
        return movie

    def _enter(self, keys: Numbers, people: Places) -> None:
        """Into the index, page by page."""
        if not keys.size:
            return
        order = np.argsort(keys, kind="stable")
        numbers, within, places = keys[order] >> _PAGE_BITS, keys[order] % _PAGE, people[order] + 1
        starts = np.flatnonzero(np.r_[True, numbers[1:] != numbers[:-1]]).tolist()
        for start, end in pairwise([*starts, keys.size]):
            page = self._pages.get(int(numbers[start]))
            if page is None:
                page = self._pages[int(numbers[start])] = _EMPTY_PAGE[:]
            np.frombuffer(page, np.uint32)[within[start:end]] = places[start:end]

    def _add(self, key: int, version: int, row: Opinion, txid: int | None) -> None:
        person, movie = self._place_of_person(row.user_id), self._place_of_movie(row.movie_id)
        self._records[person] += _RECORD.pack(
            key,
            version.to_bytes(_VERSION_BYTES, "little"),
            NO_TRANSACTION if txid is None else txid,
            movie,
            row.at,
            round(row.score * HUNDREDTHS),
            NO_STARS if row.stars is None else round(row.stars * TENTHS),
        )
        page = self._pages.get(key >> _PAGE_BITS)
        if page is None:
            page = self._pages[key >> _PAGE_BITS] = _EMPTY_PAGE[:]
        page[key % _PAGE] = person + 1
        self._alive += 1

    def _remove(self, key: int) -> Opinion | None:
        person = self._person(key)
        if person is None:
            return None
        offset, records = self._offset(person, key), self._records[person]
        before = self._read(person, offset)
        records[offset : offset + _SIZE] = records[-_SIZE:]  # the last takes its place
        del records[-_SIZE:]
        self._pages[key >> _PAGE_BITS][key % _PAGE] = 0
        self._alive -= 1
        return before
