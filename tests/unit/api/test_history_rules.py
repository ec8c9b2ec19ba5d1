"""The replica is a function of the events alone: neither their order nor their repetition matters."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st
from serving import a_listed_movie, a_rating, a_viewing

from api.changes import Change, MovieChange, Opinion, RatingChange, UserChange, WatchedChange
from api.replica import Replica
from dataflix.recommender import WATCHED_ONLY_SCORE, Interaction, interaction_score

PEOPLE, MOVIES = range(1, 4), range(1, 4)


def replica_of(changes: Sequence[Change]) -> Replica:
    replica = Replica()
    for change in changes:
        replica.apply(change)
    return replica


def told(replica: Replica) -> object:
    """Everything that a replica says to its readers."""
    return (
        {user: sorted(replica.history(user), key=repr) for user in PEOPLE},
        {movie: (movie in replica.catalogue, replica.catalogue.people(movie)) for movie in MOVIES},
        [user in replica.users for user in PEOPLE],
        [len(rows) for rows in (replica.users, replica.movies, replica.ratings, replica.watched)],
    )


def _opinions(rated: bool) -> st.SearchStrategy[Opinion | None]:
    scores = st.sampled_from([interaction_score(1.0), interaction_score(4.5, liked=True)])
    return st.none() | st.builds(
        Opinion,
        st.sampled_from(PEOPLE),
        st.sampled_from(MOVIES),
        st.just(rated),
        scores if rated else st.just(WATCHED_ONLY_SCORE),
        st.integers(0, 5),
    )


_ids, _versions = st.integers(1, 4), st.integers(1, 50)
_changes = st.one_of(
    st.builds(RatingChange, _ids, _versions, _opinions(rated=True)),
    st.builds(WatchedChange, _ids, _versions, _opinions(rated=False)),
    st.builds(UserChange, st.sampled_from(PEOPLE), _versions, st.booleans()),
    st.builds(a_listed_movie, st.sampled_from(MOVIES), _versions),
    st.builds(MovieChange, st.sampled_from(MOVIES), _versions, st.none()),
)


def _row(change: Change) -> tuple[type[Change], int, int]:
    """What identifies one version of one row: the stream never says two things of it."""
    match change:
        case RatingChange(key, version, _) | WatchedChange(key, version, _):
            return type(change), key, version
        case UserChange(key, version, _) | MovieChange(key, version, _):
            return type(change), key, version


_streams = st.lists(_changes, unique_by=_row, max_size=25)


@given(_streams, st.data())
def test_any_order_and_repetition_of_the_events_gives_the_same_histories(
    changes: list[Change], data: st.DataObject
) -> None:
    repeated = data.draw(st.lists(st.sampled_from(changes), max_size=10)) if changes else []
    shuffled = data.draw(st.permutations(changes + repeated))
    assert told(replica_of(shuffled)) == told(replica_of(changes))


@given(_streams)
def test_only_the_newest_version_of_each_row_counts(changes: list[Change]) -> None:
    newest: dict[tuple[type[Change], int], Change] = {}
    for change in sorted(changes, key=lambda one: one.version):
        newest[_row(change)[:2]] = change
    assert told(replica_of(changes)) == told(replica_of(list(newest.values())))


@given(_streams)
def test_a_deleted_row_never_comes_back_by_an_older_event(changes: list[Change]) -> None:
    deleted = RatingChange(1, 10**6, None)
    replica = replica_of([deleted, *changes])
    assert 1 not in replica.ratings
    assert told(replica) == told(replica_of([*changes, deleted]))


@given(_streams)
def test_popularity_counts_the_people_of_each_movie_once(changes: list[Change]) -> None:
    replica = replica_of(changes)
    for movie in MOVIES:
        people = sum(any(one.movie_id == movie for one in replica.history(user)) for user in PEOPLE)
        assert replica.catalogue.people(movie) == people


def test_a_delete_names_only_the_rating_and_still_finds_whose_it_was() -> None:
    replica = replica_of([a_rating(5, user=7, movie=3), RatingChange(5, 10**6, None)])
    assert replica.history(7) == ()


def test_a_rating_deleted_and_given_anew_survives_when_the_delete_comes_last() -> None:
    replica = replica_of([a_rating(1, stars=1.0), a_rating(2, stars=5.0, at=9), RatingChange(1, 10**6, None)])
    assert replica.history(7) == (Interaction(1, interaction_score(5.0), 9, 5.0),)


def test_a_movie_rated_and_watched_counts_once_by_its_stars_and_the_newer_moment() -> None:
    replica = replica_of([a_viewing(1, at=8), a_rating(1, stars=4.0, at=3)])
    assert replica.history(7) == (Interaction(1, interaction_score(4.0), 8, 4.0),)


def test_a_changed_mind_replaces_what_was_thought_before() -> None:
    replica = replica_of([a_rating(1, stars=1.0), a_rating(1, stars=5.0, at=2)])
    assert replica.history(7) == (Interaction(1, interaction_score(5.0), 2, 5.0),)


def test_a_history_is_the_same_object_until_it_changes() -> None:
    replica = replica_of([a_rating(1), a_rating(2, user=8)])
    before = replica.history(7)
    replica.apply(a_rating(3, user=8, movie=2))
    assert replica.history(7) is before
    replica.apply(a_viewing(1, movie=2))
    assert {one.movie_id for one in replica.history(7)} == {1, 2}
