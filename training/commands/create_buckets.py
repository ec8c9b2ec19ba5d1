"""``python -m training create-buckets``."""

from typing import Annotated

import typer

from dataflix.settings import load_settings


def create_buckets(
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait for the object store.")] = 60.0,
) -> None:
    """Create the buckets that Dataflix uses, and wait until they can be written to."""
    from training.object_store import (  # noqa: PLC0415  # imports minio: half a second
        BUCKETS,
        create_bucket,
        open_object_store,
    )

    settings = load_settings()
    store = open_object_store(settings)
    for bucket in BUCKETS:
        created = create_bucket(store, bucket, wait)
        typer.echo(f"The bucket {bucket!r} at {settings.s3} is {'new' if created else 'there'} and takes objects.")
