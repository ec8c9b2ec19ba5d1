"""Every container may die at any time: Docker starts it again, and no acknowledged change is lost."""

from test_restarts import (  # noqa: F401 - found here by pytest
    test_a_killed_service_comes_back_and_loses_nothing,
    test_after_all_of_it_source_and_raw_agree_by_value,
)
