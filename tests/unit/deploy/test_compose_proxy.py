"""docker-compose.yml behind a reverse proxy, and the settings it hands on."""

import ipaddress
import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.provision import service_names
from shared.runtime import ServiceSettings

ROOT = Path(__file__).resolve().parents[3]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
NETWORK: dict[str, str] = COMPOSE["networks"]["default"]["ipam"]["config"][0]
EDGE = "FORWARDED_ALLOW_IPS"
# What the stack itself decides: one process a container, and how long it has to drain.
# What stands in a file there, so that no listing of containers shows it.
SECRET = {"amqp_url", "mongo_url", "tracking_secret", "lookup_secret"}
DECIDED = {"mongo_database", "role", "instance", "drain_seconds"}


def environment(service: str) -> dict[str, Any]:
    found: dict[str, Any] = COMPOSE["services"][service]["environment"]
    return found


def offered(service: str) -> set[str]:
    """Settings of the service that somebody else has to name or may choose."""
    settings = import_module(f"services.{service}.config").Settings
    assert issubclass(settings, ServiceSettings)
    return {f"{name}_file" if name in SECRET else name for name in settings.model_fields} - DECIDED


def by_default(text: str) -> str:
    """What compose makes of a text while nothing is set."""
    while "${" in text:
        text = re.sub(r"\$\{\w+:-([^${}]*)\}", r"\1", text)
    return text


@pytest.mark.parametrize("service", service_names())
def test_a_service_believes_the_gateway_and_nobody_else(service: str) -> None:
    believed = environment(service)[EDGE]
    assert believed == f"${{{EDGE}:-{NETWORK['gateway']}}}"
    assert "*" not in believed
    assert by_default(believed) == by_default(NETWORK["gateway"])


def test_the_gateway_lies_in_the_network_whichever_is_chosen() -> None:
    parts = [NETWORK["subnet"].removesuffix(".0/24"), NETWORK["gateway"].removesuffix(".1")]
    assert parts == ["${JEMPUT_NETWORK:-10.213.87}"] * 2
    network = ipaddress.ip_network(by_default(NETWORK["subnet"]))
    assert ipaddress.ip_address(by_default(NETWORK["gateway"])) in network
    assert network.is_private


def test_the_network_does_not_lie_where_docker_puts_those_it_chooses_itself() -> None:
    network = ipaddress.ip_network(by_default(NETWORK["subnet"]))
    for pool in ("172.16.0.0/12", "192.168.0.0/16"):
        assert not network.overlaps(ipaddress.ip_network(pool))


@pytest.mark.parametrize("service", service_names())
def test_one_variable_makes_the_cookies_of_every_service_secure(service: str) -> None:
    name = f"{service.upper()}_SECURE_COOKIES"
    assert environment(service)[name] == "${JEMPUT_SECURE_COOKIES:-false}"


@pytest.mark.parametrize("service", service_names())
def test_every_setting_that_may_be_chosen_reaches_the_container(service: str) -> None:
    prefix = f"{service.upper()}_"
    named = {name.removeprefix(prefix).lower() for name in environment(service) if name != EDGE}
    assert named == offered(service)


@pytest.mark.parametrize("service", service_names())
def test_a_default_stands_in_one_place_only(service: str) -> None:
    """Handed on without a value, a variable that is not set stays unset in the container."""
    chosen = {name for name, value in environment(service).items() if value is None}
    assert {f"{service.upper()}_LOG_LEVEL", f"{service.upper()}_PREFETCH"} < chosen
    told = (ROOT / "deploy/compose/README.md").read_text("utf-8")
    assert [name for name in chosen if name.partition("_")[2] not in told] == []
