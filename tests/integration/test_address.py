"""The one address: the shipped nginx before services, and an office's own nginx before it."""

import asyncio
import re
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from deploy.compose import make_secrets
from deploy.local import install
from deploy.local.proxy import Proxy
from deploy.proxy.configuration import GENERATED, HERE
from tests.component.intake.kit import desk
from tests.integration.proxy_kit import OFFICE, Echo, client, office, proxied, served

MEBIBYTE = 1024 * 1024
PER_CLIENT = 100
HTML = {"Accept": "text/html"}
FORGED = {"X-Forwarded-For": "203.0.113.7", "X-Real-IP": "203.0.113.7", "Forwarded": "for=1"}


@dataclass(frozen=True)
class Front:
    """nginx before two services of which one is away."""

    proxy: Proxy
    echo: Echo


@pytest.fixture
async def front(tmp_path: Path) -> AsyncIterator[Front]:
    echo = Echo()
    async with served(echo) as port:
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            upstreams = {"intake": port, "courier": nobody.getsockname()[1]}
            with proxied(tmp_path, upstreams, office_proxies=[OFFICE]) as proxy:
                yield Front(proxy, echo)
        echo.go_on.set()


async def test_a_path_goes_on_unchanged_and_the_origin_is_told(front: Front) -> None:
    async with client(front.proxy.url) as http:
        for path in ("/intake/api/x%2Fy//z?a=%20b", "/intake/", "/", "/masuk?lanjut=%2F"):
            assert (await http.get(path)).text == "ok"
            seen = front.echo.seen[-1]
            asked = b"?".join(part for part in (seen["raw_path"], seen["query_string"]) if part)
            assert asked.decode() == path
        assert (await http.post("/keluar")).text == "ok"
        short = await http.get("/intake")
    assert front.echo.headers()["host"] == front.proxy.url.removeprefix("http://")
    assert (short.status_code, short.headers["location"]) == (308, "/intake/")


@pytest.mark.parametrize(
    "path",
    [
        "/healthz",
        "/readyz",
        "/metrics",
        "//metrics",
        "/intake/../metrics",
        "/intake/%2e%2e/metrics",
        "/x/api/things",
        "/intakes/",
        "/masuk/x",
        "/api/requests",
        "/.errors/page/404",
    ],
)
async def test_what_lies_below_no_prefix_is_not_to_be_had(front: Front, path: str) -> None:
    answer = await _raw(front.proxy.port, f"GET {path} HTTP/1.1\r\nHost: x\r\n")
    assert answer.startswith(b"HTTP/1.1 404")
    assert front.echo.seen == []


async def _raw(port: int, head: str, source: str = "127.0.0.5") -> bytes:
    """Send a head as it stands, past every client's tidying; the whole answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
    writer.write(head.encode() + b"Connection: close\r\n\r\n")
    answer = await asyncio.wait_for(reader.read(), 20)
    writer.close()
    return answer


async def test_nginx_speaks_in_problems_to_machines_and_in_pages_to_people(front: Front) -> None:
    async with client(front.proxy.url) as http:
        lost = await http.get("/nowhere/api/x")
        assert lost.headers["content-type"] == "application/problem+json"
        assert lost.json() == {"type": "/problems/not-found", "title": "Not found", "status": 404}
        page = await http.get("/nowhere", headers=HTML)
        assert page.status_code == 404
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert "Halaman tidak ditemukan" in page.text
        assert page.headers["x-content-type-options"] == "nosniff"
    for answer in (lost, page):
        assert not re.search(r"nginx/|\d+\.\d+\.\d+", str(answer.headers) + answer.text)


async def test_a_service_that_is_away_is_said_so_and_the_others_answer(front: Front) -> None:
    async with client(front.proxy.url) as http:
        problem = await http.post("/courier/api/jobs", json={})
        page = await http.get("/courier/peta", headers=HTML)
        assert (await http.get("/intake/")).text == "ok"
    for answer in (problem, page):
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert problem.headers["content-type"] == "application/problem+json"
    assert problem.json()["type"] == "/problems/unavailable"
    assert problem.json()["status"] == 503
    assert "Layanan sedang tidak tersedia" in page.text


async def test_a_stream_arrives_piece_by_piece(front: Front) -> None:
    async with client(front.proxy.url) as http, http.stream("GET", "/intake/arus") as answer:
        pieces = answer.aiter_text()
        # The second is not sent before this one has arrived.
        assert await asyncio.wait_for(anext(pieces), 20) == "data: 1\n\n"
        front.echo.go_on.set()
        assert await asyncio.wait_for(anext(pieces), 20) == "data: 2\n\n"


async def test_a_body_goes_on_while_it_comes_up_to_its_limit(front: Front) -> None:
    arrived = asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        yield b"a" * 1000
        await asyncio.wait_for(arrived.wait(), 20)
        yield b"b" * 1000

    async def first() -> None:
        assert await asyncio.wait_for(front.echo.pieces.get(), 20)
        arrived.set()

    async with client(front.proxy.url) as http:
        waiting = asyncio.create_task(first())
        assert (await http.post("/intake/api/upload", content=body())).text == "2000"
        await waiting
        fits = await http.post("/intake/api/upload", content=b"x" * (21 * MEBIBYTE))
        assert fits.text == str(21 * MEBIBYTE)
    head = f"POST /intake/api/upload HTTP/1.1\r\nHost: x\r\nContent-Length: {21 * MEBIBYTE + 1}\r\n"
    answer = await _raw(front.proxy.port, head)
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"/problems/body-too-large" in answer


@pytest.mark.parametrize(("size", "status"), [(7000, 200), (9000, 431), (17000, 431)])
async def test_a_head_has_a_limit(front: Front, size: int, status: int) -> None:
    async with client(front.proxy.url) as http:
        answer = await http.get("/intake/", headers={"X-Long": "x" * size})
    assert answer.status_code == status
    assert status == 200 or "Permintaan tidak terbaca" in answer.text


async def test_connections_to_a_service_are_kept(tmp_path: Path) -> None:
    opened: list[str] = []

    async def service(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        opened.append("one")
        while not reader.at_eof():
            if await reader.readline() == b"\r\n":
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        writer.close()

    async with await asyncio.start_server(service, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with proxied(tmp_path, {"intake": port}) as proxy:
            for _ in range(5):
                async with client(proxy.url) as http:
                    assert (await http.get("/intake/")).text == "ok"
    assert len(opened) == 1


async def test_who_asks_is_the_address_he_comes_from_whatever_he_says(front: Front) -> None:
    async with client(front.proxy.url, "127.0.0.5") as http:
        await http.get("/intake/", headers={**FORGED, "X-Forwarded-Proto": "https"})
    assert front.echo.seen[-1]["client"][0] == "127.0.0.5"
    assert front.echo.seen[-1]["scheme"] == "http"
    said = front.echo.headers()
    assert said["x-forwarded-for"] == "127.0.0.5"
    assert not {"x-real-ip", "forwarded", "x-forwarded-host"} & set(said)


async def test_behind_an_offices_own_proxy_it_is_who_asked_there(
    front: Front, tmp_path: Path
) -> None:
    with office(tmp_path, front.proxy.url) as url:
        async with client(url, "127.0.0.6") as http:
            await http.get("/intake/", headers=FORGED)
            assert front.echo.seen[-1]["client"][0] == "127.0.0.6"
            assert front.echo.seen[-1]["scheme"] == "https"
            assert front.echo.headers()["x-forwarded-for"] == "127.0.0.6"


async def _streaming(http: httpx.AsyncClient, opened: AsyncExitStack) -> int:
    answer = await opened.enter_async_context(http.stream("GET", "/intake/arus"))
    return answer.status_code


async def test_one_client_has_so_many_connections_behind_one_proxy_or_two(
    front: Front, tmp_path: Path
) -> None:
    with office(tmp_path, front.proxy.url) as url:
        for address in (front.proxy.url, url):
            front.echo.go_on.clear()
            async with AsyncExitStack() as opened:
                one = await opened.enter_async_context(client(address, "127.0.0.7"))
                two = await opened.enter_async_context(client(address, "127.0.0.8"))
                statuses = [await _streaming(one, opened) for _ in range(PER_CLIENT)]
                assert statuses == [200] * PER_CLIENT
                refused = await one.get("/intake/api/x", headers=FORGED)
                assert refused.status_code == 503
                assert "Retry-After" in refused.headers
                assert (await two.get("/intake/api/x")).status_code == 200
                front.echo.go_on.set()


async def test_tries_of_tracking_codes_are_counted_by_client_behind_two_proxies(
    tmp_path: Path,
) -> None:
    async with desk(per_client="3/minute") as intake:
        app = intake.client._transport.app  # type: ignore[attr-defined]
        async with served(app) as port:
            with (
                proxied(tmp_path, {"intake": port}, office_proxies=[OFFICE]) as proxy,
                office(tmp_path, proxy.url) as url,
            ):
                async with client(url, "127.0.0.6") as one, client(url, "127.0.0.7") as two:
                    tried = [await _try(one, number) for number in range(5)]
                    assert tried == [404, 404, 404, 429, 429]
                    assert await _try(two, 0) == 404
                # Past the office's proxy nobody can speak for a client.
                async with client(proxy.url, "127.0.0.8") as past:
                    tried = [await _try(past, number) for number in range(4)]
                    assert tried == [404, 404, 404, 429]


async def _try(http: httpx.AsyncClient, number: int) -> int:
    headers = {"X-Forwarded-For": f"203.0.113.{number}"}
    answer = await http.post("/intake/api/track", json={"code": "x"}, headers=headers)
    return answer.status_code


def _self_signed() -> tuple[str, str]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "jemput.test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return certificate.public_bytes(pem).decode(), key.private_bytes(pem, *plain).decode()


@pytest.mark.parametrize("given", [False, True])
def test_nginx_takes_what_the_containers_are_given(tmp_path: Path, *, given: bool) -> None:
    certificate = _self_signed() if given else ("", "")
    for name, text in zip(("tls_certificate", "tls_key"), certificate, strict=True):
        (tmp_path / name).write_text(text)
    made = make_secrets.front({"JEMPUT_GATEWAY": "10.213.87.1"}, tmp_path)
    # Names of containers are looked up at the start; here nobody has them.
    made["upstreams.conf"] = re.sub(r"server \w+:", "server 127.0.0.1:", made["upstreams.conf"])
    folder = tmp_path / "proxy"
    for part in (GENERATED, "run"):
        (folder / part).mkdir(parents=True)
    for name, text in made.items():
        (folder / GENERATED / name).write_text(text)
    shutil.copy(HERE / "nginx.conf", folder)
    command: list[str | Path] = [
        install.nginx(),
        "-p",
        f"{folder}/",
        "-c",
        "nginx.conf",
        "-e",
        "stderr",
        "-t",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 0, done.stderr


async def test_a_service_may_lie_below_another_prefix(tmp_path: Path) -> None:
    echo = Echo()
    async with served(echo) as port:
        with proxied(tmp_path, {"intake": port}, prefixes={"intake": "/penerimaan"}) as proxy:
            async with client(proxy.url) as http:
                assert (await http.get("/penerimaan/x")).text == "ok"
                assert (await http.get("/intake/x")).status_code == 404
                assert (await http.get("/masuk")).text == "ok"
    assert [scope["path"] for scope in echo.seen] == ["/penerimaan/x", "/masuk"]


async def test_with_a_certificate_it_speaks_tls_and_sends_plain_http_there(tmp_path: Path) -> None:
    echo = Echo()
    async with served(echo) as port:
        with proxied(tmp_path, {"intake": port}, certificate=_self_signed()) as proxy:
            async with client(proxy.url, verify=False) as http:
                assert (await http.get("/intake/")).text == "ok"
            assert echo.seen[-1]["scheme"] == "https"
            async with client(proxy.url.replace("https", "http")) as http:
                plain = await http.get("/intake/?a=1")
    assert plain.status_code == 301
    assert plain.headers["location"] == f"{proxy.url}/intake/?a=1"
    assert "Strict-Transport-Security" not in plain.headers
