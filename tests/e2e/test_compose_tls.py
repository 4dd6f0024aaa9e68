"""TLS of the stack in containers: to RabbitMQ and MongoDB, and at the proxy."""

import asyncio
import json
import re
import shutil
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import httpx
import pytest
import yaml

from deploy.compose.certificates import new_authority, new_certificate
from deploy.local.errors import UnavailableError
from deploy.local.folder import ROOT
from shared.runtime import utc_now
from tests.e2e.compose_engine import SERVICES, Stack
from tests.e2e.compose_kit import Front, eventually, within
from tests.integration.test_revocation import Browser, used

pytestmark = [pytest.mark.compose, pytest.mark.timeout(1800)]

COMPOSE: Final = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"]
LASTING: Final = tuple(name for name, one in COMPOSE.items() if one["restart"] != "no")
PLACES: Final = (("rabbitmq", 5671), ("rabbitmq", 15671), ("mongo", 27017))
SEEN_SECONDS: Final = 200
"""RabbitMQ reads a certificate again after two minutes at the latest."""
SERIALS: Final = f"""
import socket, ssl
context = ssl.create_default_context(cafile="/run/jemput/ca.pem")
for host, port in {PLACES}:
    plain = socket.create_connection((host, port), 10)
    with context.wrap_socket(plain, server_hostname=host) as one:
        print(host, port, one.version(), one.getpeercert()["serialNumber"])
"""
STRANGER: Final = f"""
import socket, ssl
for host, port in {PLACES}:
    try:
        ssl.create_default_context().wrap_socket(
            socket.create_connection((host, port), 10), server_hostname=host)
        print("verified by somebody")
    except ssl.SSLCertVerificationError:
        print("refused")
"""
PLAIN: Final = """
import socket
from pymongo import MongoClient
from pymongo.errors import ConnectionFailure
for port in (5672, 15672):
    try:
        socket.create_connection(("rabbitmq", port), 5)
        print("open")
    except ConnectionRefusedError:
        print("shut")
try:
    client = MongoClient("mongodb://mongo/?directConnection=true", serverSelectionTimeoutMS=3000)
    client.admin.command("hello")
    print("open")
except ConnectionFailure:
    print("shut")
"""
READY: Final = """
import urllib.request
print(urllib.request.urlopen("http://127.0.0.1:8000/readyz").read().decode())
"""
COOKIE: Final = "__Host-jemput_token"
RENEW: Final = ("python", "-m", "deploy.compose.make_secrets", "--renew", "certificates")


@pytest.fixture(scope="module")
def stack(compose_stack: Stack) -> Stack:
    return compose_stack


@pytest.mark.parametrize("name", LASTING)
def test_a_container_is_confined_and_its_memory_bounded(stack: Stack, name: str) -> None:
    host = stack.containers()[name]["HostConfig"]
    stated = COMPOSE[name]["deploy"]["resources"]["limits"]["memory"]
    unit = {"M": 2**20, "G": 2**30}[stated[-1]]
    assert host["Memory"] == int(stated[:-1]) * unit
    assert (host["ReadonlyRootfs"], host["CapDrop"]) == (True, ["ALL"])
    assert stack.containers()[name]["Config"]["User"] not in {"", "0", "root"}
    with pytest.raises(UnavailableError, match="Read-only file system"):
        stack.compose("exec", "-T", name, "sh", "-c", "echo x > /etc/here")
    published = host["PortBindings"] or {}
    addresses = {one["HostIp"] for bound in published.values() for one in bound}
    assert addresses <= {"127.0.0.1"}
    assert (name in SERVICES) <= (not published)


def test_nobody_speaks_to_the_servers_in_plain(stack: Stack) -> None:
    assert within(stack, "courier", PLAIN).split() == ["shut"] * 3


def test_the_servers_are_verified_by_the_stacks_own_authority_alone(stack: Stack) -> None:
    assert within(stack, "courier", STRANGER).split() == ["refused"] * len(PLACES)
    seen = [line.split() for line in within(stack, "courier", SERIALS).splitlines()]
    assert [(host, int(port)) for host, port, *_ in seen] == list(PLACES)
    assert {version for *_, version, _ in seen} == {"TLSv1.3"}


def _certificates(stack: Stack) -> dict[str, str]:
    found = {name: json.loads(within(stack, name, READY))["checks"] for name in SERVICES}
    return {name: checks["certificates"] for name, checks in found.items()}


def test_every_service_tells_when_the_certificates_end(stack: Stack) -> None:
    eventually(lambda: _certificates(stack), dict.fromkeys(SERVICES, "ok"))

    def told() -> set[tuple[str, str]]:
        query = "(jemput_server_certificate_ends_timestamp_seconds - time()) / 86400 > 700"
        found = stack.prometheus("query", query=query)["result"]
        return {(one["metric"]["job"], one["metric"]["server"]) for one in found}

    servers = ("rabbitmq", "mongodb")
    eventually(told, {(name, server) for name in SERVICES for server in servers})


def test_certificates_are_renewed_by_command_and_nothing_is_started_again(stack: Stack) -> None:
    before = _serials(stack)
    started = {name: stack.containers()[name]["State"]["StartedAt"] for name in LASTING}
    stack.compose("run", "--rm", "--no-deps", "-T", "secrets", *RENEW)
    stack.up()
    eventually(lambda: sum(a != b for a, b in _pairs(before, stack)), len(PLACES), SEEN_SECONDS)
    after = {name: stack.containers()[name]["State"]["StartedAt"] for name in LASTING}
    assert after == started
    for name in SERVICES:
        assert json.loads(within(stack, name, READY))["ready"] is True


def _serials(stack: Stack) -> list[str]:
    return [line.split()[-1] for line in within(stack, "courier", SERIALS).splitlines()]


def _pairs(before: list[str], stack: Stack) -> Iterator[tuple[str, str]]:
    time.sleep(2)
    return zip(before, _serials(stack), strict=True)


@pytest.fixture
def encrypted(stack: Stack, tmp_path: Path) -> Iterator[tuple[Front, ssl.SSLContext]]:
    """The stack with an office's certificate at its proxy, and whoever knows its authority."""
    now = utc_now()
    authority = new_authority(now)
    given = new_certificate(authority, "jemput.test", now)
    for name, text in (("chain.pem", given.certificate), ("key.pem", given.key)):
        (tmp_path / name).write_text(text)
    (tmp_path / "ca.pem").write_text(authority.certificate)
    told = {
        "JEMPUT_TLS_CERTIFICATE": str(tmp_path / "chain.pem"),
        "JEMPUT_TLS_KEY": str(tmp_path / "key.pem"),
        "JEMPUT_SECURE_COOKIES": "true",
    }
    secured = Stack(stack.docker.told(told))
    secured.up()
    secured.compose("restart", "proxy")
    folder = tmp_path / "front"
    folder.mkdir()
    yield Front(secured, folder, "https"), ssl.create_default_context(cafile=tmp_path / "ca.pem")
    shutil.rmtree(folder)


def _speaks_tls(front: Front, trust: ssl.SSLContext) -> None:
    address = f"{front.origin}/masuk?a=1"
    eventually(lambda: httpx.get(address, verify=trust).status_code, 200)
    said = httpx.get(address, verify=trust)
    assert re.search(r"max-age=\d{8}", said.headers["Strict-Transport-Security"])
    plain = httpx.get(address.replace("https", "http"))
    assert (plain.status_code, plain.headers["Location"]) == (301, address)
    with pytest.raises(httpx.ConnectError):
        httpx.get(address)


async def test_with_a_certificate_the_proxy_speaks_tls_and_a_sign_in_walks_over_it(
    encrypted: tuple[Front, ssl.SSLContext],
) -> None:
    front, trust = encrypted
    await asyncio.to_thread(_speaks_tls, front, trust)
    browser = Browser(front, trust)
    secret = await used(browser, await asyncio.to_thread(front.first_admin, "wakil"))
    answer = await browser.sign_in("wakil", secret)
    assert answer.status_code == 200, answer.text
    cookies = answer.headers.get_list("Set-Cookie")
    assert cookies
    assert all("Secure" in cookie and "HttpOnly" in cookie for cookie in cookies)
    cookie = {"Cookie": f"{COOKIE}={browser.cookies[COOKIE]}"}
    async with httpx.AsyncClient(verify=trust, headers=cookie, timeout=30) as http:
        found = {n: await http.get(f"{front.url(n)}/api/programmes") for n in SERVICES}
    # Reporting knows an admin, who reads no figures; 401 would be somebody unknown.
    wanted = dict.fromkeys(SERVICES, 200) | {"reporting": 403}
    assert {name: one.status_code for name, one in found.items()} == wanted
