"""Servers of a measurement: there when they are needed, gone after it."""

import pytest

from bench.own_servers import LOOPBACK, free_port, own_server
from bench.serving.run import bare_server
from dataflix.errors import DataflixError
from dataflix.settings import Address
from stack.health import Unhealthy, http


def test_it_answers_inside_and_is_gone_after() -> None:
    with bare_server() as address:
        http(address, "/recommendations/7")()
    with pytest.raises(Unhealthy):
        http(address, "/recommendations/7")()


def test_one_that_ends_is_a_sentence_that_names_it() -> None:
    command, address = ("bench.serving.bare", "nowhere"), Address(LOOPBACK, free_port())
    with pytest.raises(DataflixError, match=r"`bench\.serving\.bare nowhere`"), own_server(command, address, "/", 60):
        pytest.fail("It was served.")
