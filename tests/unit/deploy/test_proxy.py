"""What the proxy is told, and that its limits are those of the services."""

import re
from typing import Any

import pytest
import uvicorn

from deploy.local.folder import ROOT
from deploy.proxy import configuration
from deploy.proxy.configuration import IDLE_SECONDS, Plan, files, prefixes
from services.intake import pages
from services.intake.pages.manual import HELP
from shared.runtime import ServiceSettings
from shared.web.live import HEARTBEAT
from shared.web.session import SIGN_IN, SIGN_OUT, STATE

SHIPPED = (ROOT / "deploy/proxy/nginx.conf").read_text("utf-8")
SERVICES = ("courier", "intake")


def plan(**changed: Any) -> Plan:
    given: dict[str, Any] = {
        "listen": "8080",
        "upstreams": {"courier": "courier:8000", "intake": "intake:8000"},
        "prefixes": {"courier": "/courier", "intake": "/penerimaan"},
    }
    return Plan(**{**given, **changed})


def said(directive: str) -> str:
    """What the shipped file says once."""
    (found,) = re.findall(rf"^\s*{directive} (.+);$", SHIPPED, re.MULTILINE)
    return str(found)


def test_a_service_lies_where_its_settings_say() -> None:
    given = {"INTAKE_PATH_PREFIX": "/penerimaan", "COURIER_PATH_PREFIX": ""}
    assert prefixes(SERVICES, given) == {"courier": "/courier", "intake": "/penerimaan"}
    lines = files(plan())["locations.conf"].splitlines()
    assert "location /penerimaan/ { proxy_pass http://intake; }" in lines
    assert "location = /penerimaan { return 308 /penerimaan/; }" in lines
    assert not any("/intake" in line.partition("{")[0] for line in lines)


@pytest.mark.parametrize("prefix", ["/", "/a/b", "/a/", "/a; return 200", "/A", "a", "/a\n/b"])
def test_what_is_no_prefix_reaches_no_file(prefix: str) -> None:
    with pytest.raises(ValueError, match="INTAKE_PATH_PREFIX"):
        prefixes(SERVICES, {"INTAKE_PATH_PREFIX": prefix})


def test_two_services_do_not_share_a_prefix() -> None:
    with pytest.raises(ValueError, match="one prefix"):
        prefixes(SERVICES, {"INTAKE_PATH_PREFIX": "/courier"})


def test_what_is_no_address_is_believed_nowhere() -> None:
    with pytest.raises(ValueError, match="nonsense"):
        files(plan(office_proxies=["nonsense; allow all"]))


def test_the_front_doors_addresses_are_those_of_its_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    link = f"{SIGN_IN}/undangan"
    assert configuration.front_addresses() == ["/", HELP, SIGN_OUT, SIGN_IN, STATE, link]
    lines = files(plan())["locations.conf"].splitlines()
    for path in ("/", HELP, SIGN_IN, SIGN_OUT, STATE, link):
        assert f"location = {path} {{ proxy_pass http://intake; }}" in lines
    more = {**pages.FRONT_RULES, "GET /akun/{account}": pages.FRONT_RULES["GET /"]}
    monkeypatch.setattr(configuration, "FRONT_RULES", more)
    with pytest.raises(ValueError, match="stated whole"):
        configuration.front_addresses()


def test_the_limits_are_those_of_the_services() -> None:
    defaults = {name: field.default for name, field in ServiceSettings.model_fields.items()}
    assert said("limit_conn client") == str(defaults["connections_per_client"])
    count, size = said("large_client_header_buffers").split()
    assert int(count) * int(size.removesuffix("k")) * 1024 == defaults["head_bytes"]
    assert said("client_header_timeout") == f"{defaults['head_seconds']:.0f}s"
    assert said("client_body_timeout") == f"{defaults['body_seconds']:.0f}s"
    assert said("proxy_read_timeout") == f"{6 * HEARTBEAT:.0f}s"
    assert uvicorn.Config("x", log_config=None).timeout_keep_alive > IDLE_SECONDS


def test_nothing_that_nginx_writes_names_a_client() -> None:
    assert said("access_log") == "off"
    assert said("error_log") == "stderr crit"
    assert said("server_tokens") == "off"
    assert said("proxy_set_header X-Forwarded-For") == "$remote_addr"
