"""The bucket of the models, on a real object store."""

import io
import os
import subprocess
import sys

from own_stack import Stack

from dataflix.settings import PROJECT, Settings
from training.object_store import BUCKETS, create_bucket, open_object_store

WAIT_S = 60.0


def test_buckets_are_there_and_can_be_written_to(stack: Stack, s3: Settings) -> None:
    stack.run("training", "create-buckets")

    store = open_object_store(s3)
    for bucket in BUCKETS:
        store.put_object(bucket, "test/object", io.BytesIO(b"bytes"), 5)
        assert store.stat_object(bucket, "test/object").size == 5
        store.remove_object(bucket, "test/object")


def test_a_bucket_that_is_there_stays_as_it_is(s3: Settings) -> None:
    store = open_object_store(s3)
    create_bucket(store, "dataflix-test", WAIT_S)
    store.put_object("dataflix-test", "kept", io.BytesIO(b"bytes"), 5)

    created = create_bucket(store, "dataflix-test", WAIT_S)

    assert not created
    assert store.stat_object("dataflix-test", "kept").size == 5


def refused(stack: Stack, setting: str, value: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "training", "create-buckets", "--wait", "1"],
        cwd=PROJECT,
        env=os.environ | {"DATAFLIX_HOME": str(stack.home), setting: value},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stderr


def test_a_wrong_secret_is_a_sentence(stack: Stack, s3: Settings) -> None:
    assert "does not take an object into the bucket 'mlflow'" in refused(stack, "DATAFLIX_S3_SECRET_KEY", "wrong")


def test_a_store_that_is_away_is_a_sentence(stack: Stack, s3: Settings) -> None:
    assert "see that it runs" in refused(stack, "DATAFLIX_S3_PORT", "1")
