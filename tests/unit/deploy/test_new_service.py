"""A service's folder is found by whatever is code; what is written by hand is named here."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.compose import make_secrets
from deploy.compose.addresses import CA
from deploy.provision import service_names

ROOT = Path(__file__).resolve().parents[3]


def text(path: str) -> str:
    return (ROOT / path).read_text("utf-8")


def lacking(service: str) -> list[str]:
    """What has still to be written for a service, each as file and content."""
    return [*_requirements(service), *_compose(service), *_prometheus(service), *_pages(service)]


def _requirements(service: str) -> Iterator[str]:
    folder = "deploy/requirements"
    for file, how in (("in", "begins with `-r service.in`"), ("txt", "made by `make lock`")):
        if not (ROOT / folder / f"{service}.{file}").exists():
            yield f"{folder}/{service}.{file}: {how}"
    if f"-r {service}.in" not in text(f"{folder}/dev.in").splitlines():
        yield f"{folder}/dev.in: -r {service}.in"


def _compose(service: str) -> Iterator[str]:
    compose: dict[str, Any] = yaml.safe_load(text("docker-compose.yml"))
    volume = f"{service}-secrets"
    if service not in compose["services"]:
        yield f"docker-compose.yml: services.{service}, like courier"
    if volume not in compose["volumes"]:
        yield f"docker-compose.yml: volumes.{volume}"
    mount = f"{volume}:/run/jemput/handouts/{service}"
    secrets, proxy = compose["services"]["secrets"], compose["services"]["proxy"]
    if mount not in secrets["volumes"]:
        yield f"docker-compose.yml: services.secrets.volumes: {mount}"
    if f"{service.upper()}_PATH_PREFIX" not in secrets["environment"]:
        yield f"docker-compose.yml: services.secrets.environment: {service.upper()}_PATH_PREFIX"
    if service not in {line.partition(":")[0] for line in proxy["extra_hosts"]}:
        yield f"docker-compose.yml: services.proxy.extra_hosts: the address of {service}"


def _prometheus(service: str) -> Iterator[str]:
    path = "deploy/prometheus/prometheus.yml"
    jobs = {job["job_name"]: job for job in yaml.safe_load(text(path))["scrape_configs"]}
    wanted = [{"targets": [f"{service}:8000"]}]
    if jobs.get(service, {}).get("static_configs") != wanted:
        yield f"{path}: scrape_configs: job {service} with target {service}:8000"


def _pages(service: str) -> Iterator[str]:
    if not (ROOT / "services" / service / "README.md").exists():
        yield f"services/{service}/README.md"
    if f"| {service} |" not in text("README.md"):
        yield f"README.md: a row for {service} under Services"


@pytest.mark.parametrize("service", service_names())
def test_nothing_is_lacking_for_a_service_that_has_a_folder(service: str) -> None:
    assert lacking(service) == []


def test_whatever_has_to_be_written_by_hand_is_named() -> None:
    assert lacking("kiosk") == [
        "deploy/requirements/kiosk.in: begins with `-r service.in`",
        "deploy/requirements/kiosk.txt: made by `make lock`",
        "deploy/requirements/dev.in: -r kiosk.in",
        "docker-compose.yml: services.kiosk, like courier",
        "docker-compose.yml: volumes.kiosk-secrets",
        "docker-compose.yml: services.secrets.volumes: kiosk-secrets:/run/jemput/handouts/kiosk",
        "docker-compose.yml: services.secrets.environment: KIOSK_PATH_PREFIX",
        "docker-compose.yml: services.proxy.extra_hosts: the address of kiosk",
        "deploy/prometheus/prometheus.yml: scrape_configs: job kiosk with target kiosk:8000",
        "services/kiosk/README.md",
        "README.md: a row for kiosk under Services",
    ]


def test_every_folder_of_a_service_is_found() -> None:
    folders = {file.parent.name for file in ROOT.glob("services/*/__main__.py")}
    assert set(service_names()) == folders


def test_a_new_folder_is_given_its_secrets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(make_secrets, "service_names", lambda: ("courier", "intake", "kiosk"))
    make_secrets.make(tmp_path / "secrets", tmp_path / "handouts", owners={})
    names = {file.name for file in (tmp_path / "handouts" / "kiosk").iterdir()}
    assert names == {"amqp_url", "mongo_url", CA, make_secrets.PUBLIC_KEYS}
    assert (tmp_path / "secrets" / "kiosk_mongo_password").exists()
