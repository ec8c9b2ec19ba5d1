"""Data-set snapshots: what a training read, kept in the object store under the hash of its content.

The same interactions have the same id wherever and whenever they are read, so taking a snapshot twice keeps it once.
"""

import hashlib
import io
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
import urllib3
from minio import Minio
from minio.error import MinioException, S3Error
from pyarrow import compute, parquet

from dataflix.errors import NotFound, SourceUnavailable
from training.interaction_log import Block
from training.object_store import SNAPSHOTS_BUCKET, create_bucket

BUCKET_WAIT_S = 30.0
_COLUMNS = {
    "user_id": np.int64,
    "movie_id": np.int64,
    "interaction_score": np.float64,
    "rating": np.float64,  # NaN for not rated
    "last_event_at": np.int64,  # microseconds since 1970, UTC
}
_TELLING = ["user_id", "movie_id", "interaction_score", "last_event_at"]  # NaN equals nothing, and the score says it
_ID_LENGTH = 32  # hexadecimal digits: 128 bits
_SUFFIX = ".parquet"
_ABSENT = {"NoSuchKey", "NoSuchBucket"}
_TROUBLE = (MinioException, urllib3.exceptions.HTTPError, OSError)


def stored_at(snapshot_id: str) -> str:
    """Bucket and name of the object that a snapshot is."""
    return f"{SNAPSHOTS_BUCKET}/{snapshot_id}{_SUFFIX}"


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """Interactions at one moment, ordered by person and movie."""

    id: str
    table: pa.Table

    @classmethod
    def of(cls, blocks: Iterable[Block]) -> "Snapshot":
        """The snapshot of these interactions, whatever their order."""
        parts = list(blocks)
        whole = [
            np.concatenate([np.empty(0, kind), *(part[number] for part in parts)])
            for number, kind in enumerate(_COLUMNS.values())
        ]
        order = np.lexsort(tuple(reversed(whole)))
        columns = [column[order] for column in whole]
        digest = hashlib.sha256(b"".join(column.tobytes() for column in columns)).hexdigest()
        return cls(digest[:_ID_LENGTH], pa.table(dict(zip(_COLUMNS, columns, strict=True))))

    @property
    def interactions(self) -> int:
        """How many there are."""
        return int(self.table.num_rows)

    @property
    def address(self) -> str:
        """Where the object store keeps it."""
        return f"s3://{stored_at(self.id)}"

    def block(self) -> Block:
        """All of it as columns."""
        return Block(*(self.table.column(name).to_numpy() for name in _COLUMNS))

    def changes_since(self, before: "Snapshot | None") -> int:
        """How many interactions are new or other than in ``before``; all of them without one."""
        if before is None or before.table.column_names != self.table.column_names:
            return self.interactions
        return int(self.table.join(before.table, keys=_TELLING, join_type="left anti").num_rows)


class SnapshotStore:
    """The snapshots in the object store."""

    def __init__(self, store: Minio) -> None:
        self._store = store

    def save(self, snapshot: Snapshot) -> None:
        """Keep ``snapshot``; one that is kept already is kept anew, so that its time to live begins again.

        Raises SourceUnavailable.
        """
        create_bucket(self._store, SNAPSHOTS_BUCKET, BUCKET_WAIT_S)
        buffer = io.BytesIO()
        parquet.write_table(snapshot.table, buffer, compression="zstd")
        size = buffer.tell()
        buffer.seek(0)
        try:
            self._store.put_object(SNAPSHOTS_BUCKET, snapshot.id + _SUFFIX, buffer, size)
        except _TROUBLE as error:
            raise _refused(f"does not take the snapshot {snapshot.id}", error) from error

    def load(self, snapshot_id: str) -> Snapshot:
        """The snapshot of this id. Raises NotFound when it has expired or never was, SourceUnavailable."""
        try:
            answer = self._store.get_object(SNAPSHOTS_BUCKET, snapshot_id + _SUFFIX)
            try:
                data = answer.read()
            finally:
                answer.close()
                answer.release_conn()
        except S3Error as error:
            if error.code in _ABSENT:
                raise NotFound(
                    f"The object store holds no snapshot {snapshot_id!r}: it has expired, or it was never taken. Take "
                    "a new one with `python -m training snapshot`."
                ) from None
            raise _refused(f"does not give the snapshot {snapshot_id}", error) from error
        except _TROUBLE as error:
            raise _refused(f"does not give the snapshot {snapshot_id}", error) from error
        return Snapshot(snapshot_id, parquet.read_table(io.BytesIO(data)))

    def ids(self) -> list[str]:
        """Every snapshot that is kept. Raises SourceUnavailable."""
        return [known for known, _ in self._stored()]

    def holds(self, snapshot_id: str, user_id: int) -> bool:
        """Whether the person is in the snapshot; not in one that is gone. Raises SourceUnavailable."""
        try:
            people = self.load(snapshot_id).table.column("user_id")
        except NotFound:
            return False
        return bool(compute.any(compute.equal(people, user_id)).as_py())

    def remove(self, snapshot_ids: Iterable[str]) -> None:
        """Remove these snapshots; one that is gone is no trouble. Raises SourceUnavailable."""
        try:
            for one in snapshot_ids:
                self._store.remove_object(SNAPSHOTS_BUCKET, one + _SUFFIX)
        except _TROUBLE as error:
            raise _refused("does not remove snapshots", error) from error

    def expire(self, before: datetime, keep: Collection[str]) -> list[str]:
        """Remove every snapshot that was taken before that moment and is not among ``keep``; the ids of the removed.

        Raises SourceUnavailable.
        """
        removed = [known for known, taken in self._stored() if known not in keep and taken < before]
        self.remove(removed)
        return removed

    def _stored(self) -> list[tuple[str, datetime]]:
        """Ids, and when each was taken."""
        try:
            stored = [(str(one.object_name), one.last_modified) for one in self._store.list_objects(SNAPSHOTS_BUCKET)]
        except S3Error as error:
            if error.code in _ABSENT:
                return []
            raise _refused("does not list snapshots", error) from error
        except _TROUBLE as error:
            raise _refused("does not list snapshots", error) from error
        return [(name.removesuffix(_SUFFIX), at) for name, at in stored if name.endswith(_SUFFIX)]


def _refused(what: str, error: Exception) -> SourceUnavailable:
    reason = error.code if isinstance(error, S3Error) else type(error).__name__
    return SourceUnavailable(f"The object store {what} ({reason}): see that it runs (`bin/dataflix status`).")
