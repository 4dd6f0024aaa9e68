"""People at the one address of docker-compose.yml: invited, signed in, uploading, watching."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from services.intake.usecases import PAPER
from shared.contracts.envelope import new_id
from tests.component.scheduler.floor import event_body
from tests.e2e.compose_engine import CLIENT_TRIES, Stack
from tests.e2e.compose_kit import Front, eventually
from tests.integration.proxy_kit import office
from tests.integration.test_revocation import ASKED, GRANTS, STATED, Browser, used
from tests.unit.files.samples import WHERE, image, of_size, pdf
from tests.unit.files.tables import GOOD, separated

pytestmark = [pytest.mark.compose, pytest.mark.timeout(1800)]

EVENT: Final = "botram-2023-03-11-uji"
HEARTBEATS: Final = 2
"""Words of a stream that are waited for; one comes at least every 15 s."""
CASE: Final = {
    "programme_id": "botram",
    "service": "KK",
    "channel": "event",
    "applicant": {"name": "Siti Contoh"},
    "region_code": "32.16.18.2001",
}


@pytest.fixture(scope="module")
def front(compose_stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Front:
    return Front(compose_stack, tmp_path_factory.mktemp("front"))


@pytest.fixture(scope="module")
async def admin(front: Front) -> Browser:
    """The first admin: invited by command, signed in with a code."""
    code = await asyncio.to_thread(front.first_admin, "kepala")
    browser = Browser(front)
    secret = await used(browser, code)
    assert secret
    assert (await browser.sign_in("kepala", secret)).status_code == 200
    return browser


async def signed_in(admin: Browser, front: Front, login: str) -> tuple[Browser, str]:
    """Somebody whom the admin invited, signed in, and the account's id."""
    made = await admin.post("/api/accounts", {"login": login, "grants": GRANTS})
    assert made.status_code == 201, made.text
    browser = Browser(front)
    assert await used(browser, made.json()["code"]) is None
    assert (await browser.sign_in(login, None)).status_code == 200
    return browser, str(made.json()["account_id"])


def asked(browser: Browser, front: Front) -> dict[str, int]:
    """What each service answers to the session's cookie."""
    cookie = {"Cookie": f"jemput_token={browser.cookies.get('jemput_token', '')}"}
    return {
        name: httpx.get(front.url(name) + path, headers=cookie, timeout=30).status_code
        for name, path in ASKED.items()
    }


async def test_one_sign_in_walks_all_services_and_one_sign_out_ends_it(
    admin: Browser, front: Front
) -> None:
    siti, _ = await signed_in(admin, front, "siti")
    assert asked(siti, front) == dict.fromkeys(ASKED, 200)
    kept = dict(siti.cookies)
    headers = {
        "Origin": front.origin,
        "Cookie": "; ".join(f"{name}={value}" for name, value in kept.items()),
    }
    async with httpx.AsyncClient(timeout=30) as http:
        left = await http.post(f"{front.origin}/keluar", headers=headers)
    assert left.status_code in {200, 303}, left.text
    siti.cookies = kept
    eventually(lambda: asked(siti, front), dict.fromkeys(ASKED, 401), STATED)


async def test_a_used_link_is_of_no_use_again(admin: Browser, front: Front) -> None:
    made = await admin.post("/api/accounts", {"login": "rudi", "grants": GRANTS})
    code = made.json()["code"]
    await used(Browser(front), code)
    body = {"code": code, "password": "kebun kopi di Lembang 9"}
    again = await Browser(front).post("/api/invitations/password", body)
    assert again.status_code in {404, 409, 410, 422}, again.text


def test_a_file_of_20_mib_comes_in_and_out_through_the_proxy(front: Front) -> None:
    data = pdf(change=of_size(PAPER.limit - 20_000))
    headers = front.headers("operator:*:*")

    def key() -> dict[str, str]:
        return {**headers, "Idempotency-Key": new_id()}

    with httpx.Client(base_url=front.url("intake"), timeout=300) as http:
        case = http.post("/api/requests", json=CASE, headers=key()).raise_for_status().json()
        papers = f"/api/requests/{case['case_id']}/papers"
        kind = {"Content-Type": "application/pdf"}
        sent = http.post(papers, content=data, headers=key() | kind)
        assert sent.status_code == 201, sent.text
        paper = f"{papers}/{sent.json()['file_id']}"
        http.post(paper, json={"kind": "other"}, headers=key()).raise_for_status()
        assert http.get(f"{paper}/content", headers=headers).content == data
        more = http.post(papers, content=bytes(PAPER.limit + 1), headers=key() | kind)
    assert (more.status_code, more.json()["reason"]) == (413, "too_large")


def planned(front: Front) -> None:
    """Have an event planned, and wait until reporting knows it."""
    headers = front.headers("planner:*:*", "head:*:*")

    def scheduled() -> int:
        url = f"{front.url('scheduler')}/api/events/{EVENT}"
        again = {**headers, "Idempotency-Key": new_id()}
        return httpx.put(url, json=event_body(), headers=again).status_code

    eventually(scheduled, 200)
    url = f"{front.url('reporting')}/api/events/{EVENT}/report"
    eventually(lambda: httpx.get(url, headers=headers).status_code, 200)


def test_a_photo_of_an_event_goes_through_the_worker_that_scheduler_shares(front: Front) -> None:
    planned(front)
    evidence = f"/api/events/{EVENT}/evidence"
    headers = front.headers("planner:*:*")
    with httpx.Client(base_url=front.url("scheduler"), headers=headers, timeout=60) as http:

        def post(path: str, **what: Any) -> Any:
            answer = http.post(path, headers={"Idempotency-Key": new_id()}, **what)
            assert answer.is_success, answer.text
            return answer.json()

        photo = f"{evidence}/{post(evidence, content=image())['file_id']}"
        post(photo, json={"kind": "photo"})
        kept = http.get(f"{photo}/content").content
    assert kept.startswith(b"\xff\xd8")
    assert WHERE.encode() not in kept


def test_a_history_is_brought_in_by_command(front: Front, tmp_path: Path) -> None:
    (tmp_path / "riwayat.csv").write_bytes(separated([GOOD]))
    for place, mode in ((tmp_path, 0o755), (tmp_path / "riwayat.csv", 0o644)):
        place.chmod(mode)
    file = ("--programme", "botram", "--without-event", "/berkas/riwayat.csv")
    foreseen = front.command("imports", "dry-run", *file, files=tmp_path)
    assert foreseen.splitlines()[-1] == "1 rows: 1 good, 0 refused"
    done = front.command("imports", "run", "--by", "impor-1", *file, files=tmp_path)
    assert "1 of 1 rows, 1 accepted, 0 refused" in done


async def test_a_stream_comes_piece_by_piece_and_ends_with_the_account(
    admin: Browser, front: Front
) -> None:
    await asyncio.to_thread(planned, front)
    tuti, account = await signed_in(admin, front, "tuti")
    url = f"{front.url('reporting')}/acara/{EVENT}/arus"
    headers = {"Authorization": f"Bearer {tuti.token}"}
    async with (
        httpx.AsyncClient(timeout=60) as http,
        http.stream("GET", url, headers=headers) as answer,
    ):
        assert answer.status_code == 200
        words = answer.aiter_bytes()
        # The second comes while the answer is still open: nothing on the way waits for its end.
        for _ in range(HEARTBEATS):
            assert await asyncio.wait_for(anext(words), 30)
        disabled = await admin.post(f"/api/accounts/{account}/disable")
        assert disabled.status_code == 200, disabled.text
        since = time.monotonic()
        await asyncio.wait_for(_drained(words), 60)
    assert time.monotonic() - since < STATED


async def _drained(words: AsyncIterator[bytes]) -> None:
    async for _ in words:
        pass


def _tries(address: str, source: str, header: str | None, many: int) -> list[int]:
    """Try tracking codes that are none, from an address of this machine."""
    told = {"X-Forwarded-For": header} if header else {}
    transport = httpx.HTTPTransport(local_address=source)
    with httpx.Client(base_url=address, transport=transport, headers=told, timeout=30) as http:
        return [http.post("/intake/api/track", json={"code": "x"}).status_code for _ in range(many)]


def test_behind_the_offices_proxy_too_tries_are_counted_by_who_asked(
    front: Front, tmp_path: Path
) -> None:
    with office(tmp_path, front.origin) as address:
        first = _tries(address, "127.0.0.6", "203.0.113.77", CLIENT_TRIES + 1)
        assert set(first) == {404, 429}
        assert _tries(address, "127.0.0.8", None, 1) == [404]
        # What somebody claims about himself counts for nothing behind a proxy that says better.
        assert _tries(address, "127.0.0.6", "203.0.113.78", 1) == [429]
