"""People of MovieLens have numbers; here they get names that nobody could take for real."""

from math import gcd

from hypothesis import given
from hypothesis import strategies as st

from training.made_up_people import FAMILY, GIVEN, made_up_person

ids = st.integers(1, 2**40)


@given(ids)
def test_the_same_number_has_the_same_name(number: int) -> None:
    assert made_up_person(number) == made_up_person(number)


@given(ids, ids)
def test_two_numbers_never_share_a_user_name_or_an_address(one: int, other: int) -> None:
    first, second = made_up_person(one), made_up_person(other)

    assert (first.username == second.username) == (one == other)
    assert (first.email == second.email) == (one == other)


@given(ids)
def test_addresses_lie_in_a_domain_that_belongs_to_nobody(number: int) -> None:
    person = made_up_person(number)

    assert person.email.endswith(".example.com")
    assert person.email.isascii()
    assert person.email == person.email.lower()


def test_names_repeat_only_after_all_of_them() -> None:
    names = {(person.first_name, person.last_name) for person in map(made_up_person, range(len(GIVEN) * len(FAMILY)))}

    assert gcd(len(GIVEN), len(FAMILY)) == 1
    assert len(names) == len(GIVEN) * len(FAMILY)
