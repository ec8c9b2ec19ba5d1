"""SeaweedFS in the place of MinIO: its account and its command line, as docker-compose.yml gives them."""

import argparse
import json
import os
import sys
from pathlib import Path


def main(arguments: list[str]) -> None:
    """Write the one identity and become the store."""
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=["server"])
    parser.add_argument("folder")
    parser.add_argument("--address", required=True)
    parser.add_argument("--console-address")
    told = parser.parse_args(arguments)
    key = {"accessKey": os.environ["MINIO_ROOT_USER"], "secretKey": os.environ["MINIO_ROOT_PASSWORD"]}
    rights = ["Admin", "Read", "Write", "List", "Tagging"]
    identities = Path("/tmp/s3.json")
    identities.touch(mode=0o600)
    identities.write_text(json.dumps({"identities": [{"name": "root", "credentials": [key], "actions": rights}]}))
    command = [
        sys.executable, "/embedded/seaweed_volumes.py", told.folder, "/embedded/weed",
        "-logtostderr=true", "mini", f"-dir={told.folder}", "-ip=127.0.0.1", "-ip.bind=0.0.0.0",
        f"-s3.port={told.address.removeprefix(':')}", f"-s3.config={identities}", "-s3.port.iceberg=0",
        "-s3.port.lance=0", "-webdav=false", "-admin.ui=false", "-master.telemetry=false",
        "-master.resumeState=false", "-master.volumeSizeLimitMB=256", "-s3.autoCreateBucket=false",
    ]  # fmt: skip
    os.execv(command[0], command)  # noqa: S606


if __name__ == "__main__":
    main(sys.argv[1:])
