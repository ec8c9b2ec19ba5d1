"""Talking to the MLflow server: what goes wrong there, as a sentence."""

from collections.abc import Iterator
from contextlib import contextmanager

import requests
from mlflow.exceptions import MlflowException

from dataflix.errors import SourceUnavailable


@contextmanager
def answering(url: str) -> Iterator[None]:
    """Raises SourceUnavailable when the server of ``url`` does not answer inside of the block, or refuses."""
    try:
        yield
    except (MlflowException, requests.RequestException) as error:
        reason = str(error.error_code) if isinstance(error, MlflowException) else type(error).__name__
        raise SourceUnavailable(
            f"MLflow at {url} does not answer or refuses ({reason}): see that it and the object store run "
            "(`bin/dataflix status`), and `bin/dataflix logs mlflow`. The champion is unchanged."
        ) from error
