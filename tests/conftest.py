"""What holds for all tests."""

import pytest
from hypothesis import HealthCheck, settings

# how fast a machine is, and how busy, is nothing that a property can fail by
settings.register_profile("dataflix", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("dataflix")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--cases", type=int, help="How many cases schemathesis sends to the API, at least.")
