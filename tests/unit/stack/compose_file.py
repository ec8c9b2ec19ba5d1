"""docker-compose.yml and our Dockerfile, read for tests."""

from typing import Any

import yaml

from dataflix.settings import PROJECT

FILE = PROJECT / "docker-compose.yml"
COMPOSE: dict[str, Any] = yaml.safe_load(FILE.read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (PROJECT / "docker" / "Dockerfile").read_text()
FULL = {name for name in SERVICES if SERVICES[name].get("profiles") == ["full"]}
BY_HAND = {name for name in SERVICES if SERVICES[name].get("profiles") == ["tools"]}
STEPS_OF_FULL = frozenset({"superset-prepare", "dashboards", "airflow-prepare"})
STEPS = frozenset({"migrate", "sample", "register", "apply", "buckets", "settle", "marts", "train", *STEPS_OF_FULL})
GATEWAYS = {"gateway", "gateway-full"}


def environment(service: str) -> dict[str, str]:
    """What a container is given."""
    return {name: str(value) for name, value in SERVICES[service].get("environment", {}).items()}
