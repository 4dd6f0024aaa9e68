"""One account on real servers: its way in, and that a disabled one is out of all four services."""

import asyncio
import json
import logging
import ssl
import time
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any, Final, Protocol

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from jwt.algorithms import ECAlgorithm
from pymongo import MongoClient

from deploy.compose.make_secrets import PRIVATE_KEY, PUBLIC_KEYS, SESSION_KEY
from deploy.local.servers import Servers
from deploy.local.stack import Stack, issued
from shared.auth.__main__ import main as auth
from shared.auth.keys import load_public
from shared.contracts.envelope import new_id
from shared.runtime.start import utc_now
from tests.component.scheduler.floor import event_body
from tests.integration.authenticator import next_code
from tests.integration.intake_kit import until
from tests.shell import shell
from tests.unit.reporting.running import stack_of

STATED: Final = 30.0
"""Seconds within which nothing of a revoked account works, as shared/auth/README.md states."""
EVENT: Final = "botram-2023-03-11-setu"
PASSWORD: Final = "kebun teh di Puncak 7"
GRANTS: Final = ("operator:*:*", "head:*:*")
ASKED: Final = {
    "intake": "/api/requests?programme_id=botram",
    "scheduler": "/api/events?programme_id=botram",
    "courier": "/api/jobs?programme_id=halo_pamor",
    "reporting": "/api/programmes",
}

_log = logging.getLogger(__name__)


@pytest.fixture(scope="module")
async def stack(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    async with stack_of(servers, tmp_path_factory.mktemp("front")) as one:
        for name in one.processes:
            await asyncio.to_thread(one.start, name)
        await asyncio.to_thread(one.await_ready)
        await asyncio.to_thread(one.publish_shipped)
        yield one


class Addressed(Protocol):
    """A stack, as far as a browser sees it."""

    def url(self, service: str) -> str:
        """Return what a service's pages and API lie below."""
        ...


class Browser:
    """A browser at intake, with a key of its own."""

    def __init__(self, stack: Addressed, verify: ssl.SSLContext | None = None) -> None:
        self._verify = verify or True
        self.base = stack.url("intake")
        self.cookies: dict[str, str] = {}
        self.key = generate_private_key(SECP256R1())
        self.refresh_hash: str | None = None

    async def post(self, path: str, body: Any = None, **claims: Any) -> httpx.Response:
        """Send a body with a proof."""
        headers = {"DPoP": self._proof(path, **claims), "Idempotency-Key": new_id()}
        headers |= {
            "Origin": self.base,
            "Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items()),
        }
        async with httpx.AsyncClient(base_url=self.base, timeout=30, verify=self._verify) as client:
            answer = await client.post(path, json=body, headers=headers)
        self.cookies |= dict(answer.cookies)
        if path.startswith("/api/session") and answer.status_code == 200:
            self.refresh_hash = answer.json()["refresh_hash"] or self.refresh_hash
        return answer

    async def sign_in(self, login: str, secret: str | None) -> httpx.Response:
        """Sign in, with the next code where there is a second factor."""
        code = await next_code(secret) if secret else None
        body = {"login": login, "password": PASSWORD, "code": code}
        return await self.post("/api/session", body)

    async def refresh(self) -> httpx.Response:
        """Ask for another token."""
        return await self.post("/api/session/refresh", ath=self.refresh_hash)

    @property
    def token(self) -> str:
        """The token in the cookie."""
        return self.cookies["jemput_token"]

    def _proof(self, path: str, **claims: Any) -> str:
        jwk = json.loads(ECAlgorithm.to_jwk(self.key.public_key()))
        said = {"htm": "POST", "htu": self.base + path, "iat": int(time.time()), "jti": new_id()}
        header = {"typ": "dpop+jwt", "jwk": {name: jwk[name] for name in ("kty", "crv", "x", "y")}}
        return jwt.encode({**said, **claims}, self.key, "ES256", headers=header)


def first_admin(stack: Stack, login: str = "kepala") -> str:
    """Run the command; the code of the link it prints."""
    said = shell(stack, "intake", "accounts", "first-admin", "--login", login, "--by", "petugas")
    return said.rpartition("#")[2].strip()


def machines(stack: Stack, *words: str) -> str:
    """Run a command about machines; what it prints."""
    return shell(stack, "intake", "machines", *words)


async def used(browser: Browser, link: str) -> str | None:
    """Use a link to its end; the secret of the second factor."""
    answer = await browser.post("/api/invitations/password", {"code": link, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    secret: str | None = answer.json()["secret"]
    if secret is not None:
        shown = {"code": link, "app_code": await next_code(secret)}
        answer = await browser.post("/api/invitations/code", shown)
        assert answer.status_code == 200, answer.text
    return secret


async def planned(stack: Stack) -> None:
    """Have an event planned, and wait until reporting shows it."""
    token = issued(stack.folder / "secrets" / PRIVATE_KEY, "perencana", ["planner:*:*", "head:*:*"])
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(timeout=30) as client:

        async def scheduled() -> bool:
            path = f"{stack.url('scheduler')}/api/events/{EVENT}"
            again = {**headers, "Idempotency-Key": new_id()}
            return (await client.put(path, json=event_body(), headers=again)).is_success

        async def reported() -> bool:
            path = f"{stack.url('reporting')}/api/events/{EVENT}/report"
            return (await client.get(path, headers=headers)).is_success

        await until(scheduled)
        await until(reported)


async def statuses(stack: Stack, token: str) -> dict[str, int]:
    """What each service answers."""
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(timeout=30) as client:
        return {
            name: (await client.get(stack.url(name) + path, headers=headers)).status_code
            for name, path in ASKED.items()
        }


async def streamed(stack: Stack, token: str, begun: asyncio.Event) -> float:
    """Read an event's stream to its end; when it ended."""
    headers = {"Authorization": f"Bearer {token}"}
    path = f"{stack.url('reporting')}/acara/{EVENT}/arus"
    async with (
        httpx.AsyncClient(timeout=120) as client,
        client.stream("GET", path, headers=headers) as answer,
    ):
        assert answer.status_code == 200
        async for _ in answer.aiter_bytes():
            begun.set()
    return time.monotonic()


async def test_a_disabled_account_is_out_everywhere_within_the_stated_seconds(
    stack: Stack,
) -> None:
    await planned(stack)
    admin = Browser(stack)
    secret = await used(admin, await asyncio.to_thread(first_admin, stack))
    assert (await admin.sign_in("kepala", secret)).status_code == 200
    made = await admin.post("/api/accounts", {"login": "siti", "grants": GRANTS})
    assert made.status_code == 201, made.text
    siti = Browser(stack)
    await used(siti, made.json()["code"])
    assert (await siti.sign_in("siti", None)).status_code == 200
    token = siti.token
    assert await statuses(stack, token) == dict.fromkeys(ASKED, 200)
    begun = asyncio.Event()
    stream = asyncio.create_task(streamed(stack, token, begun))
    await asyncio.wait_for(begun.wait(), 30)

    disabled = await admin.post(f"/api/accounts/{made.json()['account_id']}/disable")

    assert disabled.status_code == 200, disabled.text
    since = time.monotonic()

    async def out() -> bool:
        return await statuses(stack, token) == dict.fromkeys(ASKED, 401)

    await until(out)
    refused_after = time.monotonic() - since
    ended_after = await asyncio.wait_for(stream, 60) - since
    _log.info("refused after %.1f s, stream ended after %.1f s", refused_after, ended_after)
    assert refused_after < STATED
    assert ended_after < STATED
    assert (await siti.refresh()).json()["reason"] == "account_disabled"
    assert (await siti.sign_in("siti", None)).json()["reason"] == "not_recognised"
    assert await statuses(stack, admin.token) != dict.fromkeys(ASKED, 401)


async def test_a_machine_that_is_ended_is_out_everywhere_also_after_a_restart(
    stack: Stack, servers: Servers
) -> None:
    await planned(stack)
    ended, goes_on = [machine_token(stack) for _ in range(2)]
    listed = await asyncio.to_thread(machines, stack, "list")
    id_ = listed.splitlines()[0].partition("; token ")[2]
    for token in (ended, goes_on):
        assert await statuses(stack, token) == dict.fromkeys(ASKED, 200)
    begun = asyncio.Event()
    stream = asyncio.create_task(streamed(stack, ended, begun))
    await asyncio.wait_for(begun.wait(), 30)

    why = ("--reason", "Laptop mitra hilang", "--by", "petugas")
    await asyncio.to_thread(machines, stack, "end", "--token", id_, *why)

    since = ended_at(stack, servers, id_)

    async def out() -> bool:
        return await statuses(stack, ended) == dict.fromkeys(ASKED, 401)

    await until(out)
    refused_after = time.monotonic() - since
    ended_after = await asyncio.wait_for(stream, 60) - since
    _log.info("refused after %.1f s, stream ended after %.1f s", refused_after, ended_after)
    assert refused_after < STATED
    assert ended_after < STATED
    assert await statuses(stack, goes_on) == dict.fromkeys(ASKED, 200)
    assert await restarted(stack, "reporting", ended) <= {401, 503}
    assert await statuses(stack, goes_on) == dict.fromkeys(ASKED, 200)
    assert f"token {id_}; ended" in await asyncio.to_thread(machines, stack, "list")


def ended_at(stack: Stack, servers: Servers, token_id: str) -> float:
    """When a machine's token was ended, by this process's own timer: its command took longer."""
    with MongoClient[dict[str, Any]](servers.mongo_url) as client:
        kept = client[stack.database("intake")]["revocations"].find_one(f"machine:{token_id}")
    assert kept is not None
    return time.monotonic() - (utc_now() - datetime.fromisoformat(kept["at"])).total_seconds()


def machine_token(stack: Stack) -> str:
    """Have intake give a machine a token for everything that is asked here."""
    grants = [word for grant in ("service:*:*", *GRANTS) for word in ("--grant", grant)]
    words = ("--name", "mitra-1", "--purpose", "Angka untuk mitra", *grants, "--days", "90")
    return machines(stack, "token", *words, "--by", "petugas").strip()


async def restarted(stack: Stack, name: str, token: str) -> set[int]:
    """Kill a service and start it; all that it answers to a token until it answers nothing new."""
    process = stack.process(name)
    process.kill()
    await asyncio.to_thread(process.wait)
    starting = asyncio.create_task(asyncio.to_thread(stack.start, name))
    headers, found = {"Authorization": f"Bearer {token}"}, set[int]()
    async with httpx.AsyncClient(timeout=30) as client, asyncio.timeout(60):
        while httpx.codes.UNAUTHORIZED not in found:
            try:
                answer = await client.get(stack.url(name) + ASKED[name], headers=headers)
            except httpx.ConnectError:
                continue
            found.add(answer.status_code)
    await starting
    await asyncio.to_thread(stack.await_ready, [name])
    return found


async def test_keys_are_rotated_while_people_work(stack: Stack) -> None:
    made = await asyncio.to_thread(second_operator, stack)
    rudi = Browser(stack)
    await used(rudi, made)
    folder = stack.folder / "secrets"
    for name in (SESSION_KEY, PUBLIC_KEYS):
        (folder / name).chmod(0o600)
    files = ["--private", str(folder / SESSION_KEY), "--public", str(folder / PUBLIC_KEYS)]
    assert (await rudi.sign_in("rudi", None)).status_code == 200
    keys = set()
    for _ in range(3):
        assert await asyncio.to_thread(auth, ["rotate", *files], utc_now) == 0
        asked = time.monotonic()
        while time.monotonic() - asked < 3:
            answer = await rudi.refresh()
            assert answer.status_code == 200, answer.text
            found = await statuses(stack, rudi.token)
            assert found == dict.fromkeys(ASKED, 200), found
            looks = (asyncio.to_thread(stack.ready, name) for name in ASKED)
            assert all(await asyncio.gather(*looks)), "not ready while keys are rotated"
            keys.add(jwt.get_unverified_header(rudi.token)["kid"])
    assert len(keys) >= 3
    assert len(load_public(folder / PUBLIC_KEYS)) == 5


def second_operator(stack: Stack) -> str:
    """Invite somebody as a second admin would; the code of his link."""
    link = first_admin(stack, "wakil")

    async def invite() -> str:
        admin = Browser(stack)
        secret = await used(admin, link)
        assert (await admin.sign_in("wakil", secret)).status_code == 200
        made = await admin.post("/api/accounts", {"login": "rudi", "grants": GRANTS})
        assert made.status_code == 201, made.text
        return str(made.json()["code"])

    return asyncio.run(invite())
