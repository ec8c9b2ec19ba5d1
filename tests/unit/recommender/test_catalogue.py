"""The catalogue follows changes one at a time."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from item_models import MOVIE_IDS, a_catalogue, a_model

from dataflix.recommender import Catalogue

changes = st.lists(
    st.one_of(
        st.tuples(st.just("add"), MOVIE_IDS),
        st.tuples(st.just("remove"), MOVIE_IDS),
        st.tuples(st.just("count"), MOVIE_IDS, st.integers(-3, 3)),
        st.tuples(st.just("look")),
    )
)


@given(changes)
def test_whatever_happens_it_equals_a_catalogue_made_anew(happened: list[tuple[str, int, int]]) -> None:
    followed, movies, people = Catalogue(), set[int](), dict[int, int]()
    for what, *arguments in happened:
        match what, arguments:
            case "add", [movie_id]:
                followed.add(movie_id)
                movies.add(movie_id)
            case "remove", [movie_id]:
                followed.remove(movie_id)
                movies.discard(movie_id)
            case "count", [movie_id, change]:
                followed.count(movie_id, change)
                people[movie_id] = people.get(movie_id, 0) + change
            case _:  # reading in between must not freeze anything
                assert followed.popularity.size == len(movies)

    assert followed.movie_ids.tolist() == sorted(movies)
    assert followed.popularity.tolist() == [people.get(movie_id, 0) for movie_id in sorted(movies)]
    assert len(followed) == len(movies)
    assert all(followed.people(movie_id) == count for movie_id, count in people.items())


def test_a_count_that_comes_before_its_movie_is_not_lost() -> None:
    catalogue = Catalogue()
    catalogue.count(7, 2)

    catalogue.add(7)

    assert catalogue.popularity.tolist() == [2]


def test_rows_follow_the_movies_and_the_model() -> None:
    catalogue = a_catalogue(1, 3)
    model, newer = a_model([[1.0], [1.0]], [1, 2]), a_model([[1.0], [1.0], [1.0]], [1, 2, 3])
    assert catalogue.alignment(model).rows.tolist() == [0, -1]

    catalogue.add(2)

    assert catalogue.alignment(model).rows.tolist() == [0, 1, -1]
    assert catalogue.alignment(newer).rows.tolist() == [0, 1, 2]


def test_a_model_by_itself_is_a_catalogue_too() -> None:
    model = a_model([[1.0], [1.0]], [4, 9])

    catalogue = Catalogue.of(model)

    assert catalogue.movie_ids.tolist() == [4, 9]
    assert np.array_equal(catalogue.popularity, model.popularity)
