"""``python -m training.spark.program FD``, in Spark's environment: factorises what it is asked for over a pipe.

The first message tells where Spark runs and what it reads; every further one is a request, and is answered. The end of
the pipe is the end of the program, however the other side ended.
"""

import sys
import tempfile
import zipfile
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
from pyspark.ml.recommendation import ALS
from pyspark.sql import SparkSession

from training.spark.cells import run_cells
from training.spark.messages import Answer, Place, Request

PROJECT = Path(__file__).resolve().parents[2]
SHIPPED = ("dataflix", "training")  # to Spark's other processes, which may be on other machines
LOOPBACK = "127.0.0.1"


def session(place: Place) -> SparkSession:
    """Spark as ``place`` says; the rest is told as Spark is told, by the folder that SPARK_CONF_DIR names."""
    told = {
        "spark.master": place.master,
        "spark.app.name": "dataflix",
        "spark.driver.memory": place.memory,
        "spark.driver.extraJavaOptions": f"-Djava.io.tmpdir={place.folder} -XX:-UsePerfData",
        "spark.local.dir": place.folder,
        "spark.sql.warehouse.dir": place.folder,
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
    }
    if place.is_local:
        told |= {"spark.driver.host": LOOPBACK, "spark.driver.bindAddress": LOOPBACK}
    spark = SparkSession.builder.config(map=told).getOrCreate()
    spark.sparkContext.addPyFile(str(_package(Path(place.folder))))
    return spark


def factorise(spark: SparkSession, place: Place, request: Request) -> Answer:
    """The item side of the factorisation, empty cells counting as zeros.

    With ``alpha`` 0 an interaction is trusted as much as an empty cell: the least squares of scikit-learn's NMF.
    """
    blocks = max(2, spark.sparkContext.defaultParallelism)
    als = ALS(
        rank=request.factors,
        maxIter=request.sweeps,
        regParam=request.ridge,
        implicitPrefs=True,
        alpha=0.0,
        nonnegative=True,
        userCol="run",
        itemCol="item",
        ratingCol="chosen",
        seed=request.seed,
        numUserBlocks=blocks,
        numItemBlocks=blocks,
    )
    found = als.fit(run_cells(spark, place, request)).itemFactors.toArrow()
    if found.num_rows != request.item_ids.size:
        return Answer.failed(
            f"The snapshot holds {found.num_rows} of the {request.item_ids.size} movies: train again, on a new one."
        )
    factors = np.empty((request.item_ids.size, request.factors), dtype=np.float32)
    values = found.column("features").combine_chunks().flatten().to_numpy()
    factors[found.column("id").to_numpy()] = values.reshape(factors.shape)
    return Answer(factors)


def _package(folder: Path) -> Path:
    """Our own modules, as an archive that every process of Spark can import from."""
    path = folder / "dataflix-modules.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in SHIPPED:
            for module in sorted((PROJECT / name).rglob("*.py")):
                archive.write(module, module.relative_to(PROJECT))
    return path


def main() -> None:
    """Answer until nobody asks any more."""
    with Connection(int(sys.argv[1])) as asked:
        place = Place.from_bytes(asked.recv_bytes())
        tempfile.tempdir = place.folder
        spark: SparkSession | None = None
        try:
            while True:
                request = Request.from_bytes(asked.recv_bytes())
                try:
                    spark = spark or session(place)
                    answer = factorise(spark, place, request)
                except Exception as error:  # whatever Spark, Java or the store meets ends the training
                    answer = Answer.failed(f"Spark could not fit the factors ({type(error).__name__}).")
                asked.send_bytes(answer.to_bytes())
        except EOFError:
            pass
        finally:
            if spark:
                spark.stop()


if __name__ == "__main__":
    main()
