"""What `bin/dataflix train` installs before it trains."""

import pytest

from stack.commands.train import asks_for_spark


@pytest.mark.parametrize("arguments", [["--engine", "spark"], ["--json", "--engine=spark"]])
def test_spark_is_installed_where_it_is_asked_for(arguments: list[str]) -> None:
    assert asks_for_spark(arguments)


@pytest.mark.parametrize("arguments", [[], ["--engine", "scikit-learn"], ["--engine=scikit-learn"], ["--tuned"]])
def test_spark_is_not_installed_otherwise(arguments: list[str]) -> None:
    assert not asks_for_spark(arguments)
