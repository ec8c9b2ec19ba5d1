"""The object store: SeaweedFS, one process that holds master, volume, filer and S3 gateway."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from stack.home import Home, write_private

# SeaweedFS listens for gRPC this far above each of its HTTP ports
GRPC_DISTANCE = 10_000


def ports(home: Home) -> Mapping[str, int]:
    """The ports of its parts by setting, their gRPC twins included."""
    settings = home.settings
    parts = {
        "s3_port": settings.s3_port,
        "s3_master_port": settings.s3_master_port,
        "s3_volume_port": settings.s3_volume_port,
        "s3_filer_port": settings.s3_filer_port,
        "s3_admin_port": settings.s3_admin_port,
    }
    own = {name: port + settings.port_offset for name, port in parts.items()}
    return own | {f"{name} + {GRPC_DISTANCE}": port + GRPC_DISTANCE for name, port in own.items()}


def command(home: Home) -> Sequence[str | Path]:
    """The command that runs the store."""
    folder = home.folder / "s3"
    own = ports(home)
    host = home.settings.s3.host
    return (
        home.python,
        "-m",
        "stack.servers.seaweed_volumes",
        folder / "data",
        home.python.with_name("weed"),
        "-logtostderr=true",
        "mini",
        f"-dir={folder / 'data'}",
        f"-ip={host}",
        f"-ip.bind={host}",
        f"-s3.port={own['s3_port']}",
        f"-master.port={own['s3_master_port']}",
        f"-volume.port={own['s3_volume_port']}",
        f"-filer.port={own['s3_filer_port']}",
        f"-admin.port={own['s3_admin_port']}",
        f"-s3.config={folder / 's3.json'}",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        "-webdav=false",
        "-admin.ui=false",
        "-master.telemetry=false",
        # A master that remembers volumes refuses writes for its first 15 seconds, until every server of a cluster
        # would have told of its own; the only one here tells within a second
        "-master.resumeState=false",
        "-master.volumeSizeLimitMB=256",
        "-s3.autoCreateBucket=false",
        "-s3.allowDeleteBucketNotEmpty=false",
    )


def sockets(home: Home) -> tuple[Path, ...]:
    """The Unix sockets that it makes in /tmp, and leaves there when it is killed."""
    own = ports(home)
    parts = ("master", "volume", "filer", "s3", "admin")
    setting = {part: "s3_port" if part == "s3" else f"s3_{part}_port" for part in parts}
    names = [f"{part}-grpc-{own[setting[part]] + GRPC_DISTANCE}" for part in parts]
    names += [f"{part}-{own[setting[part]]}" for part in ("filer", "s3")]
    return tuple(Path("/tmp") / f"seaweedfs-{name}.sock" for name in names)  # noqa: S108 - SeaweedFS's choice


def environment(home: Home) -> Mapping[str, str]:
    """Keys that close its inner interfaces, and a bound for its memory."""
    key = home.settings.s3_signing_key.get_secret_value()
    return {
        "HOME": str(home.folder / "s3"),
        # Its buffers alone take 210 MiB of addresses, most of them never touched: a lower bound has it collect garbage
        # all the time, with a tenth of a processor
        "GOMEMLIMIT": "512MiB",
        "WEED_JWT_SIGNING_KEY": key,
        "WEED_JWT_FILER_SIGNING_KEY": key,
        "WEED_JWT_FILER_SIGNING_READ_KEY": key,
    }


def prepare(home: Home) -> None:
    """Write the identity that may use the store."""
    folder = home.folder / "s3"
    for path in (folder, folder / "data"):
        path.mkdir(mode=0o700, exist_ok=True)
    settings = home.settings
    credentials = {"accessKey": settings.s3_access_key, "secretKey": settings.s3_secret_key.get_secret_value()}
    actions = ["Admin", "Read", "Write", "List", "Tagging"]
    identities = {"identities": [{"name": "dataflix", "credentials": [credentials], "actions": actions}]}
    write_private(folder / "s3.json", json.dumps(identities, indent=1))
