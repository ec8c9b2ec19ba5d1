"""When the histories of ClickHouse are trusted, and what an API that reads them knows."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from api.boot import LEAST_PATIENCE, Boot, Booted, Histories, Wait
from api.boot_rows import parts
from api.changes import CatalogueMovie, Change, MovieChange, Opinion, RatingChange, UserChange, WatchedChange
from api.follower import Batch, take_in
from api.opinion_rows import BLOCK, NO_STARS, NO_TRANSACTION, Block
from api.progress import Partition, Progress, Source
from api.replica import Replica
from dataflix.errors import SourceUnavailable
from dataflix.recommender import interaction_score

TABLES = {"masked.users": "users", "masked.ratings": "ratings"}
ENDS = {("masked.users", 0): 3, ("masked.ratings", 0): 7, ("masked.ratings", 1): 0}
PRIVATE = {("cdc.public.users", 0): 5, ("cdc.public.ratings", 0): 9, ("cdc.public.ratings", 1): 0}


class AWorker:
    """A worker that commits the next of ``commits`` each time that it is asked, and the last of them for ever."""

    def __init__(self, *commits: Mapping[Partition, int], begun: Sequence[str] = tuple(TABLES)) -> None:
        self._commits = list(commits)
        self._begun = frozenset(begun)

    def begun(self) -> frozenset[str]:
        return self._begun

    def private_ends(self) -> Mapping[Partition, int]:
        return PRIVATE

    def committed(self) -> Mapping[Partition, int]:
        return self._commits.pop(0) if len(self._commits) > 1 else self._commits[0]


class ClickHouse:
    def __init__(self, histories: Histories, *, away: bool = False) -> None:
        self._histories = histories
        self._away = away

    def reachable(self) -> None:
        if self._away:
            raise SourceUnavailable("ClickHouse does not answer.")

    def read(self, wait: Wait) -> Histories:  # noqa: ARG002 - of the protocol
        return self._histories


class Clock:
    """Waits without waiting. ``stops_after`` so many waits nobody wants the result any more."""

    def __init__(self, stops_after: int = 10_000) -> None:
        self.waited = 0.0
        self._left = stops_after

    def wait(self, seconds: float) -> bool:
        self.waited += seconds
        self._left -= 1
        return self._left < 0


DONE = dict(PRIVATE)
BEHIND = DONE | {("cdc.public.ratings", 0): 8}
WHOLE = Histories(rows={"users": 3, "ratings": 7})


def booted(worker: AWorker, clickhouse: ClickHouse, clock: Clock | None = None) -> tuple[Booted | None, str]:
    """What is booted, and the reason that is logged where nothing is."""
    with capture_logs() as logs:
        result = Boot(worker, clickhouse).read(TABLES, ENDS, (clock or Clock()).wait)
    return result, " ".join(entry["reason"] for entry in logs)


def test_histories_are_read_once_the_worker_has_committed_what_the_private_topics_held() -> None:
    clock = Clock()
    result, _ = booted(AWorker(BEHIND, BEHIND, DONE), ClickHouse(WHOLE), clock)
    assert result == Booted(WHOLE, ENDS)
    assert clock.waited > 0


def test_a_worker_that_stays_behind_is_not_waited_for_without_end() -> None:
    clock = Clock()
    result, reason = booted(AWorker(BEHIND), ClickHouse(WHOLE), clock)
    assert result is None
    assert "cdc.public.ratings" in reason
    assert clock.waited == pytest.approx(LEAST_PATIENCE)


def test_whoever_stops_is_not_kept_waiting() -> None:
    clock = Clock(stops_after=1)
    assert booted(AWorker(BEHIND), ClickHouse(WHOLE), clock)[0] is None
    assert clock.waited < LEAST_PATIENCE


def test_topics_that_no_worker_filled_are_read_themselves() -> None:
    result, reason = booted(AWorker(DONE, begun=["masked.users"]), ClickHouse(WHOLE))
    assert result is None
    assert "masked.ratings" in reason


def test_an_empty_table_whose_topic_is_not_empty_is_not_believed() -> None:
    result, reason = booted(AWorker(DONE), ClickHouse(Histories(rows={"users": 3, "ratings": 0})))
    assert result is None
    assert "masked.ratings" in reason


def test_without_clickhouse_the_topics_are_read_at_once() -> None:
    clock = Clock()
    result, reason = booted(AWorker(BEHIND), ClickHouse(WHOLE, away=True), clock)
    assert (result, clock.waited) == (None, 0.0)
    assert reason == "ClickHouse does not answer."


def test_what_follows_comes_on_top_of_what_was_read() -> None:
    replica, progress = Replica(), Progress(frozenset(TABLES), lambda: 0.0)
    read = Replica()
    read.users.put(1, 10, True)
    batch = Batch(heard=True, booted=Booted(Histories(read), ENDS), began=dict(ENDS), positions=dict(ENDS))
    take_in(batch, replica, progress)
    assert progress.caught_up
    assert progress.source is Source.CLICKHOUSE
    assert progress.lag == 0
    take_in(Batch(changes=[UserChange(1, 9, exists=False), UserChange(2, 5, exists=True)]), replica, progress)
    assert [1 in replica.users, 2 in replica.users] == [True, True]


USERS, MOVIES = [1, 2, 2**63 - 1], [0, 1, 2**40]
_opinions = st.tuples(st.sampled_from(USERS), st.sampled_from(MOVIES), st.integers(0, 50), st.booleans())
_alive = st.dictionaries(st.sampled_from([-(2**63), -1, 0, 255, 256, 257, 2**40]), _opinions)


@given(st.lists(_alive, max_size=3), _alive)
def test_rows_that_came_at_once_are_as_if_they_had_come_one_by_one(
    ratings: list[dict[int, tuple[int, int, int, bool]]], watched: dict[int, tuple[int, int, int, bool]]
) -> None:
    at_once, one_by_one = Replica(), Replica()
    for movie in MOVIES:
        at_once.movies.put(movie, 1, CatalogueMovie("One", None, None))
        one_by_one.apply(MovieChange(movie, 1, CatalogueMovie("One", None, None)))
    known: set[int] = set()
    blocks: list[Block] = []
    for part in ratings:
        new = {key: said for key, said in part.items() if key not in known}
        known |= new.keys()
        blocks.append(a_block(new, rated=True))
        for change in changes(new, rated=True):
            one_by_one.apply(change)
    at_once.ratings.fill(blocks)
    at_once.watched.fill([a_block(watched, rated=False)])
    for change in changes(watched, rated=False):
        one_by_one.apply(change)
    at_once.count_all()
    assert at_once.rows == one_by_one.rows
    for user in USERS:
        assert set(at_once.history(user)) == set(one_by_one.history(user))
    for key in known:
        assert at_once.ratings.get(key) == one_by_one.ratings.get(key)
        assert at_once.ratings.written(key) == one_by_one.ratings.written(key)
    for movie in MOVIES:
        assert at_once.catalogue.people(movie) == one_by_one.catalogue.people(movie)
    assert at_once.catalogue.movie_ids.tolist() == one_by_one.catalogue.movie_ids.tolist()


def changes(said: Mapping[int, tuple[int, int, int, bool]], *, rated: bool) -> Iterator[Change]:
    for key, (user, movie, tenths, liked) in said.items():
        version, txid = key % 1000 + 2**70, None if liked else key % 7
        if rated:
            opinion = Opinion(user, movie, True, interaction_score(tenths / 10, liked), key, tenths / 10)
            yield RatingChange(key, version, opinion, txid)
        else:
            yield WatchedChange(key, version, Opinion(user, movie, False, interaction_score(None), key), txid)


def a_block(said: Mapping[int, tuple[int, int, int, bool]], *, rated: bool) -> Block:
    block = np.zeros(len(said), BLOCK)
    for place, (key, (user, movie, tenths, liked)) in enumerate(said.items()):
        version = np.void((key % 1000 + 2**70).to_bytes(16, "little"))
        score = interaction_score(tenths / 10 if rated else None, liked)
        stars = tenths if rated else NO_STARS
        txid = NO_TRANSACTION if liked else key % 7
        block[place] = (key, version, txid, user, movie, key, round(score * 100), stars)
    return block


@given(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=5), st.lists(st.integers(-(2**63), 2**63 - 1), max_size=5))
def test_the_parts_of_a_table_deal_every_number_out_once(edges: list[int], numbers: list[int]) -> None:
    conditions = parts("id", edges)
    for number in [*numbers, *edges]:
        assert sum(_holds(condition, number) for condition in conditions) == 1


def _holds(condition: str, number: int) -> bool:
    signs = {"<=": lambda edge: number <= edge, ">": lambda edge: number > edge}
    clauses = [clause.split() for clause in condition.split(" AND ")]
    return clauses == [["1"]] or all(signs[sign](int(edge)) for _, sign, edge in clauses)
