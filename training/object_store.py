"""Buckets of the object store, on any server that speaks S3."""

import io

import tenacity
import urllib3
from minio import Minio
from minio.error import MinioException, S3Error

from dataflix.errors import SourceUnavailable
from dataflix.settings import Settings

MODELS_BUCKET = "mlflow"
SNAPSHOTS_BUCKET = "snapshots"
BUCKETS = (MODELS_BUCKET, SNAPSHOTS_BUCKET)
WRITABLE_MARK = ".writable"
CONNECT_S = 2.0
REPLY_S = 30.0  # a store's first write after its start can take 20 seconds
_PAUSE_S = 0.3
# What a client meets while a store starts, or while it is away.
_PASSING = (MinioException, urllib3.exceptions.HTTPError, OSError)
_FINAL_CODES = {"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch"}


def open_object_store(settings: Settings) -> Minio:
    """A client that does not retry by itself."""
    return Minio(
        str(settings.s3),
        access_key=settings.s3_access_key,
        secret_key=settings.s3_secret_key.get_secret_value(),
        secure=False,
        http_client=urllib3.PoolManager(timeout=urllib3.Timeout(connect=CONNECT_S, read=REPLY_S), retries=False),
    )


def create_bucket(store: Minio, bucket: str, wait_s: float) -> bool:
    """Create ``bucket`` where it is missing, and come back when it can be written to. True when it was created.

    A store can answer before it can write, so a small object is put until that works; it stays, under one fixed name.
    Raises SourceUnavailable after ``wait_s`` seconds, or at once when the credentials are refused.
    """
    created = False
    try:
        for attempt in tenacity.Retrying(
            retry=tenacity.retry_if_exception(_may_pass),
            stop=tenacity.stop_after_delay(wait_s),
            wait=tenacity.wait_fixed(_PAUSE_S),
            reraise=True,
        ):
            with attempt:
                if not store.bucket_exists(bucket):
                    store.make_bucket(bucket)
                    created = True
                store.put_object(bucket, WRITABLE_MARK, io.BytesIO(b""), 0)
    except _PASSING as error:
        reason = error.code if isinstance(error, S3Error) else type(error).__name__
        raise SourceUnavailable(
            f"The object store does not take an object into the bucket {bucket!r} ({reason}): see that it runs "
            "(`bin/dataflix status`), and that DATAFLIX_S3_ACCESS_KEY and DATAFLIX_S3_SECRET_KEY are the ones it knows."
        ) from error
    return created


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, _PASSING) and not (isinstance(error, S3Error) and error.code in _FINAL_CODES)
