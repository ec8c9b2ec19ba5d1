"""From the matrix in ClickHouse to a new champion that everybody knows of."""

from dataflix.clickhouse_client import ClickHouseUser, clickhouse
from dataflix.model_registry import Announcement
from dataflix.settings import Settings
from training.announcer import announce
from training.choices import Choices
from training.clickhouse_source import TABLE, read_interactions
from training.progress import Steps
from training.registry import ModelRegistry
from training.training_run import fit

TAGS = {"algorithm": "nmf", "engine": "scikit-learn", "source": TABLE}


def train_champion(settings: Settings, choices: Choices, steps: Steps) -> Announcement:
    """Train, register, promote, announce. The champion of before serves on unless every step up to the promotion works.

    Raises UnfitData, SourceUnavailable.
    """
    registry = ModelRegistry(settings.mlflow.url)
    with clickhouse(settings, ClickHouseUser.TRAINING) as client:
        trained = fit(read_interactions(client, settings), choices, steps)
    steps.begin("Logging and registering the model")
    announcement = registry.record(trained.model, choices, trained.metrics, TAGS)
    steps.begin("Announcing the champion")
    announce(settings, announcement)
    return announcement
