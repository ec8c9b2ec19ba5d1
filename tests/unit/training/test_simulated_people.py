"""A simulated crowd does what people do, and the same again for the same seed."""

from collections import Counter
from collections.abc import Sequence
from itertools import islice, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.errors import UnfitData
from training.made_up_people import MadeUpPerson, made_up_person
from training.simulation.actions import Action, Browse, Rate, Watch, actions
from training.simulation.play import play
from training.simulation.world import Film, World

GENRES = st.sampled_from([None, "Drama", "Drama|War", "Comedy"])
CATALOGUES = st.dictionaries(st.integers(1, 10**6), GENRES, min_size=1, max_size=25).map(
    lambda genres: [Film(*one) for one in genres.items()]
)
PEOPLE = st.integers(1, 6)
SEEDS = st.integers(0, 2**32 - 1)
MANY = 400


def a_catalogue(movies: int = 200) -> list[Film]:
    return [Film(number, ("Drama", "Comedy", "War|Drama", "Sci-Fi")[number % 4]) for number in range(1, movies + 1)]


def acted(films: Sequence[Film], people: int, seed: int, count: int = MANY) -> list[Action]:
    return list(islice(actions(World.of(films, people, seed), 10.0, seed), count))


@given(CATALOGUES, PEOPLE, SEEDS)
@settings(max_examples=25)
def test_the_same_seed_gives_the_same_actions_whatever_the_order_of_the_catalogue(
    films: list[Film], people: int, seed: int
) -> None:
    assert acted(films, people, seed) == acted(films[::-1], people, seed)


@given(CATALOGUES, PEOPLE, SEEDS)
@settings(max_examples=25)
def test_nobody_watches_a_movie_twice_or_rates_one_that_they_have_not_watched(
    films: list[Film], people: int, seed: int
) -> None:
    watched: set[tuple[int, int]] = set()
    for action in acted(films, people, seed):
        assert 0 <= action.person < people
        if isinstance(action, Browse):
            continue
        pair = action.person, action.movie_id
        if isinstance(action, Watch):
            assert pair not in watched
            watched.add(pair)
        else:
            assert pair in watched
    assert {movie for _, movie in watched} <= {film.movie_id for film in films}


@given(CATALOGUES, PEOPLE, SEEDS)
@settings(max_examples=25)
def test_stars_are_halves_from_one_half_to_five_and_time_goes_on(films: list[Film], people: int, seed: int) -> None:
    done = acted(films, people, seed)

    assert all(one.at < other.at for one, other in pairwise(done))
    stars = {one.stars for one in done if isinstance(one, Rate)}
    assert stars <= {half / 2 for half in range(1, 11)}


def test_another_seed_is_another_crowd() -> None:
    assert acted(a_catalogue(), 5, seed=1) != acted(a_catalogue(), 5, seed=2)


def test_actions_come_at_the_rate_that_was_asked_for() -> None:
    last = acted(a_catalogue(), 5, seed=3, count=2000)[-1]

    assert last.at == pytest.approx(200, rel=0.1)


def test_a_tenth_of_the_movies_has_most_of_the_viewings() -> None:
    done = acted(a_catalogue(), 300, seed=4, count=6000)
    viewings = Counter(one.movie_id for one in done if isinstance(one, Watch))

    head = sum(count for _, count in viewings.most_common(20))

    assert head > 0.3 * viewings.total()
    assert len(viewings) > 100


def test_people_watch_and_praise_what_is_to_their_taste() -> None:
    films, people, seed = a_catalogue(), 40, 5
    world = World.of(films, people, seed)
    done = acted(films, people, seed, count=8000)
    everything = np.arange(len(films))

    def liking(one: Watch | Rate) -> float:
        return float(world.liking(one.person, np.searchsorted(world.movie_ids, [one.movie_id]))[0])

    watched = np.mean([liking(one) for one in done if isinstance(one, Watch)])
    anything = np.mean([world.liking(person, everything).mean() for person in range(people)])
    rated = [(liking(one), one.stars) for one in done if isinstance(one, Rate)]

    assert watched > anything + 0.1
    assert np.corrcoef(np.array(rated).T)[0, 1] > 0.5


def test_without_movies_there_is_nothing_to_simulate() -> None:
    with pytest.raises(UnfitData, match="load the sample or import"):
        World.of([], 3, 1)


class MemoryStage:
    """A stage that remembers, where everybody else's second movie is gone."""

    def __init__(self) -> None:
        self.done: list[tuple[int, Action]] = []

    async def films(self) -> list[Film]:
        return a_catalogue()

    async def sign_up(self, people: Sequence[MadeUpPerson]) -> list[int]:
        return list(range(100, 100 + len(people)))

    async def perform(self, actions: Sequence[Action], user_ids: Sequence[int]) -> int:
        self.done += [(user_ids[one.person], one) for one in actions]
        return sum(isinstance(one, Rate) for one in actions)


async def test_all_actions_of_the_time_are_done_in_order_and_counted() -> None:
    script = acted(a_catalogue(), 5, seed=6)
    seconds = 0.2
    hurried = [one._replace(at=one.at / 100) for one in script]
    stage, told = MemoryStage(), list[int]()

    played = await play(hurried, seconds, range(100, 105), stage, told.append)

    due = [one for one in hurried if one.at <= seconds]
    assert stage.done == [(100 + one.person, one) for one in due]
    assert (played.browsed, played.watched, played.rated) == tuple(
        sum(isinstance(one, kind) for one in due) for kind in (Browse, Watch, Rate)
    )
    assert sum(told) == len(due)
    assert played.missed == played.rated
    assert played.seconds >= due[-1].at


def test_two_runs_have_different_people_of_the_same_names() -> None:
    one, other = made_up_person(3, "aa", "x.example.com"), made_up_person(3, "bb", "x.example.com")

    assert (one.first_name, one.last_name) == (other.first_name, other.last_name)
    assert one.username != other.username
    assert one.email.endswith(".3@x.example.com")
