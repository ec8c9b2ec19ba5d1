"""The matrix that is factorised, made by Spark from a snapshot in the object store: a row for each run of choices.

It is the matrix of ``training.factorisation.run_matrix``. Each process of Spark reads its share itself, row groups of
the Parquet file, through pyarrow: Spark's own way to S3 would need half a gigabyte of jars.
"""

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import pyarrow as pa
from pyarrow import fs, parquet
from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as f

from training.interaction_log import lot
from training.spark.messages import Place, Request

_READ = ["user_id", "movie_id", "last_event_at"]
_SCHEMA = "user_id bigint, movie_id bigint, last_event_at bigint, lot bigint"
_SIGN = np.uint64(1 << 63)  # turned over, unsigned numbers are in order as signed ones


def run_cells(spark: SparkSession, place: Place, request: Request) -> DataFrame:
    """The cells that are not empty: ``run`` and ``item`` are numbers of a row and a column, ``chosen`` is 1."""
    people = _frame(spark, request, ("user_ids", "kept", "runs", "first_run"))
    items = _frame(spark, request, ("item_ids",)).withColumnRenamed("row", "item")
    in_order = Window.partitionBy("user_ids").orderBy("last_event_at", "lot")
    return (
        _interactions(spark, place)
        .join(people, f.col("user_id") == f.col("user_ids"))
        .withColumn("place", f.row_number().over(in_order) - 1)
        .where("place < kept")
        .join(items, f.col("movie_id") == f.col("item_ids"))
        .select(
            f.expr("cast(first_run + place * runs div kept as int) as run"),
            f.expr("cast(item as int) as item"),
            f.lit(1.0).cast("float").alias("chosen"),
        )
    )


def _interactions(spark: SparkSession, place: Place) -> DataFrame:
    with _open(place) as file:
        groups = int(file.metadata.num_row_groups)
    return spark.range(0, groups, 1, max(groups, 1)).mapInArrow(_reader(place), _SCHEMA)


def _reader(place: Place) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def read(numbers: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        with _open(place) as file:
            for group in (number for batch in numbers for number in batch.column(0).to_pylist()):
                for batch in file.iter_batches(row_groups=[group], columns=_READ):
                    drawn = lot(batch.column("user_id").to_numpy(), batch.column("movie_id").to_numpy())
                    in_order = (drawn ^ _SIGN).view(np.int64)
                    columns = [*(batch.column(name) for name in _READ), pa.array(in_order)]
                    yield pa.RecordBatch.from_arrays(columns, [*_READ, "lot"])

    return read


def _open(place: Place) -> parquet.ParquetFile:
    store = fs.S3FileSystem(
        access_key=place.access_key,
        secret_key=place.secret_key,
        endpoint_override=place.endpoint,
        scheme="http",
    )
    return parquet.ParquetFile(store.open_input_file(place.snapshot))


def _frame(spark: SparkSession, request: Request, names: Iterable[str]) -> DataFrame:
    """Columns of the request, and the number of each row."""
    columns = {name: getattr(request, name) for name in names}
    count = len(next(iter(columns.values())))
    return spark.createDataFrame(pa.table({"row": np.arange(count), **columns}))
