"""The data set of a training as MLflow keeps it beside the run: where it lies, its hash, and how much it is."""

import json

from mlflow.entities import Dataset, DatasetInput, InputTag
from mlflow.utils.mlflow_tags import MLFLOW_DATASET_CONTEXT

from training.interaction_log import InteractionLog
from training.snapshots import Snapshot


def data_set_input(snapshot: Snapshot, log: InteractionLog) -> DatasetInput:
    """``log`` is what was read of the snapshot."""
    columns = [{"name": one.name, "type": str(one.type)} for one in snapshot.table.schema]
    counts = {"num_rows": snapshot.interactions, "people": log.user_ids.size, "movies": log.item_ids.size}
    data_set = Dataset(
        name="interactions",
        digest=snapshot.id,
        source_type="s3",
        source=json.dumps({"uri": snapshot.address}),
        schema=json.dumps({"columns": columns}),
        profile=json.dumps(counts),
    )
    return DatasetInput(data_set, [InputTag(MLFLOW_DATASET_CONTEXT, "training")])
