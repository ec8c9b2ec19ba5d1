"""Whether a service answers: one request over its own protocol each, and all of them at once."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any

from dataflix.kafka_access import librdkafka
from dataflix.settings import Address, KafkaBroker, Settings
from stack.service import ProcessInfo, Service, Unhealthy

TIMEOUT_S = 3.0
DOCUMENT_TIMEOUT_S = 10.0
_ANSWER_BYTES = 1_000_000


def _get(url: str, timeout: float = TIMEOUT_S) -> tuple[int, bytes]:
    request = urllib.request.Request(url)  # noqa: S310 - addresses of this stack
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=timeout) as response:
            return response.status, response.read(_ANSWER_BYTES)
    except urllib.error.HTTPError as error:
        return error.code, error.read(_ANSWER_BYTES)
    except (OSError, ValueError) as error:
        raise Unhealthy(f"does not answer ({type(error).__name__})") from error


def http(address: Address, path: str) -> Callable[[], None]:
    """Healthy is: GET ``path`` answers 200."""

    def check() -> None:
        status, _ = _get(f"{address.url}{path}")
        if status != HTTPStatus.OK:
            raise Unhealthy(f"answers {status}")

    return check


def document(address: Address, path: str) -> dict[str, Any]:
    """The JSON object that GET ``path`` answers. Raises Unhealthy."""
    status, body = _get(f"{address.url}{path}", DOCUMENT_TIMEOUT_S)
    try:
        answer = json.loads(body) if status == HTTPStatus.OK else None
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise Unhealthy(f"answers {status}")
    return answer


def postgres(settings: Settings) -> Callable[[], None]:
    """Healthy is: the administrator connects and gets an answer."""

    def check() -> None:
        import psycopg  # noqa: PLC0415 - `status` loads only the clients that it uses

        conninfo = settings.postgres_conninfo("dataflix_admin", settings.postgres_admin_password, "postgres")
        try:
            with psycopg.connect(conninfo, connect_timeout=int(TIMEOUT_S), autocommit=True) as connection:
                connection.execute("SELECT 1").fetchone()
        except psycopg.Error as error:
            raise Unhealthy(f"does not answer ({type(error).__name__})") from error

    return check


def kafka(broker: KafkaBroker) -> Callable[[], None]:
    """Healthy is: the broker tells its metadata."""

    def check() -> None:
        from confluent_kafka import KafkaException  # noqa: PLC0415
        from confluent_kafka.admin import AdminClient  # noqa: PLC0415

        admin = AdminClient(librdkafka(broker) | {"log_level": 0, "socket.timeout.ms": int(TIMEOUT_S * 1000)})
        try:
            if not admin.list_topics(timeout=TIMEOUT_S).brokers:
                raise Unhealthy("names no broker")
        except KafkaException as error:
            raise Unhealthy("does not answer (KafkaException)") from error

    return check


def connector(address: Address, name: str) -> Callable[[], None]:
    """Healthy is: the connector ``name`` and its task run."""

    def check() -> None:
        status, body = _get(f"{address.url}/connectors/{name}/status")
        if status != HTTPStatus.OK:
            raise Unhealthy("has no connector" if status == HTTPStatus.NOT_FOUND else f"answers {status}")
        told = json.loads(body)
        states = [told["connector"]["state"], *(task["state"] for task in told["tasks"])]
        if len(states) < 2 or set(states) != {"RUNNING"}:
            raise Unhealthy(f"connector and tasks are {', '.join(states).lower()}")

    return check


def s3(settings: Settings) -> Callable[[], None]:
    """Healthy is: a signed request is answered."""

    def check() -> None:
        import urllib3  # noqa: PLC0415
        from minio import Minio  # noqa: PLC0415
        from minio.error import MinioException  # noqa: PLC0415

        pool = urllib3.PoolManager(timeout=TIMEOUT_S, retries=False)
        secret = settings.s3_secret_key.get_secret_value()
        client = Minio(str(settings.s3), settings.s3_access_key, secret, secure=False, http_client=pool)
        try:
            client.list_buckets()
        except (MinioException, urllib3.exceptions.HTTPError) as error:
            raise Unhealthy(f"does not answer ({type(error).__name__})") from error

    return check


def failures(services: Iterable[Service], processes: Mapping[str, ProcessInfo]) -> dict[str, str]:
    """What is wrong with those services that are not well, by name; all are asked at the same time.

    A service that does not run here is not asked: another home's may answer in its place.
    """

    def failure(service: Service) -> str:
        known = processes.get(service.name)
        if known is None or not known.is_up:
            return "does not run"
        try:
            service.check()
        except Unhealthy as unhealthy:
            return str(unhealthy)
        return ""

    asked = list(services)
    with ThreadPoolExecutor(max(1, len(asked))) as pool:
        answers = zip(asked, pool.map(failure, asked), strict=True)
        return {service.name: answer for service, answer in answers if answer}
