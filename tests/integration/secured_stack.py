"""The system as on a server: Kafka asks for a password and encrypts, PostgreSQL and ClickHouse are reached through TLS
alone, every secret is a file, and each topic has twelve partitions.

The embedded PostgreSQL and ClickHouse are built without TLS: a terminator stands before each, as before many a database
service. Programs have a home of their own, without any credential.
"""

import os
import ssl
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from own_stack import Stack
from terminator import terminator

from dataflix.settings import PROJECT, SECRETS_FILE, Settings, load_settings
from stack.home import read_env

PARTITIONS = 12
COMMAND_LIMIT_S = 280


class _Servers(Stack):
    """Servers that are started with further settings."""

    def __init__(self, home: Path, port_offset: int, told: Mapping[str, str]) -> None:
        super().__init__(home, port_offset)
        self._told = told

    @property
    def environment(self) -> dict[str, str]:
        return super().environment | self._told


@dataclass(frozen=True, slots=True)
class Secured:
    """Where programs run: ``environment`` leads them to the servers and to the files of the secrets."""

    settings: Settings
    environment: dict[str, str]
    other_authority: Path
    """Of somebody who signed nothing here."""

    def run(self, program: str, *arguments: str, **settings: object) -> subprocess.CompletedProcess[str]:
        """Run ``python -m program arguments`` with further settings."""
        return subprocess.run(
            [sys.executable, "-m", program, *arguments],
            cwd=PROJECT,
            env=self.environment | {f"DATAFLIX_{name.upper()}": str(value) for name, value in settings.items()},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_LIMIT_S,
            check=False,
        )

    def must_run(self, program: str, *arguments: str) -> str:
        done = self.run(program, *arguments)
        if done.returncode:
            pytest.fail(f"{program} {arguments} exited with {done.returncode}:\n{done.stdout}\n{done.stderr}")
        return done.stdout


def _keystore(certificate: trustme.LeafCert, file: Path) -> None:
    """Java reads keys in the form of PKCS#8, and trustme writes another."""
    key = load_pem_private_key(certificate.private_key_pem.bytes(), password=None)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.touch(0o600)
    file.write_bytes(pem + b"".join(each.bytes() for each in certificate.cert_chain_pems))


@contextmanager
def secured_stack(home: Path, folder: Path, port_offset: int) -> Iterator[Secured]:
    """Servers, roles, tables, the connector and the sample; all of ``home`` is gone after the block.

    ``folder`` takes certificates and secrets.
    """
    authority, other = trustme.CA(), trustme.CA()
    trusted, untrusted, keystore = folder / "authority.pem", folder / "other.pem", folder / "kafka.pem"
    authority.cert_pem.write_to_path(str(trusted))
    other.cert_pem.write_to_path(str(untrusted))
    certificate = authority.issue_cert("127.0.0.1")
    _keystore(certificate, keystore)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(tls)

    told = {
        "DATAFLIX_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "DATAFLIX_KAFKA_CA_FILE": str(trusted),
        "DATAFLIX_KAFKA_KEYSTORE_FILE": str(keystore),
    }
    servers = _Servers(home, port_offset, told)
    with ExitStack() as opened:
        try:
            at = servers.need("postgres", "kafka", "connect", "clickhouse")
            postgres = opened.enter_context(terminator(at.postgres, tls, asks_first=True))
            clickhouse = opened.enter_context(terminator(at.clickhouse, tls))
            led = {
                "DATAFLIX_HOME": str(_empty(home / "programs")),
                "DATAFLIX_SECRETS": str(_files(read_env(home / SECRETS_FILE), _empty(folder / "secrets"))),
                "DATAFLIX_PORT_OFFSET": str(at.port_offset),
                "DATAFLIX_POSTGRES_PORT": str(postgres - at.port_offset),
                "DATAFLIX_POSTGRES_SSLMODE": "verify-full",
                "DATAFLIX_POSTGRES_CA_FILE": str(trusted),
                "DATAFLIX_CLICKHOUSE_PORT": str(clickhouse - at.port_offset),
                "DATAFLIX_CLICKHOUSE_SECURE": "true",
                "DATAFLIX_CLICKHOUSE_CA_FILE": str(trusted),
                "DATAFLIX_TOPIC_PARTITIONS": str(PARTITIONS),
                "PYTHONPATH": str(PROJECT),
            }
            inherited = {name: value for name, value in os.environ.items() if not name.startswith("DATAFLIX_")}
            secured = Secured(_settings(inherited | told | led), inherited | told | led, untrusted)
            secured.must_run("connectors", "migrate")
            secured.must_run("connectors", "load-sample")
            secured.must_run("clickhouse", "apply")
            secured.must_run("connectors", "register")
            yield secured
        finally:
            servers.stop()


def _empty(folder: Path) -> Path:
    folder.mkdir(mode=0o700)
    return folder


def _files(secrets: Mapping[str, str], folder: Path) -> Path:
    for name, value in secrets.items():
        (folder / name).write_text(f"{value}\n")
    return folder


def _settings(environment: Mapping[str, str]) -> Settings:
    """What a program reads there."""
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ.keys() - environment.keys():
            patch.delenv(name)
        for name, value in environment.items():
            patch.setenv(name, value)
        return load_settings()
