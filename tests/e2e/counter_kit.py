"""The counter of an event in a real browser: set up, used by keyboard, its disk searched."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import httpx
from playwright.async_api import BrowserContext, Locator, Page, Playwright, expect

from deploy.local import install
from deploy.local.folder import ROOT
from deploy.local.stack import Stack
from shared.contracts.envelope import new_id
from tests.component.scheduler.floor import event_body
from tests.e2e.compose_kit import eventually
from tests.e2e.conftest import FLAGS
from tests.e2e.test_accounts import cookie, send, sign_in, use_link
from tests.torture.privacy.persons import Person
from tests.torture.privacy.searcher import Searcher

EVENT: Final = "botram-konter"
RESULT: Final = ROOT / "build" / "offline.json"
PIN: Final = "kopi-2468"
OPERATOR: Final = "operator:botram:32.16"
SYNCED: Final = 60_000
"""Milliseconds within which everything that waits is sent, once there is an uplink."""


def planned(stack: Stack) -> None:
    """Plan an event of today, and wait until intake knows it."""
    today = datetime.now(ZoneInfo("Asia/Jakarta")).date()
    body = event_body(on=today.isoformat(), name="BOTRAM Konter")
    eventually(lambda: put(stack, "scheduler", f"/api/events/{EVENT}", body), 200)
    eventually(lambda: ask(stack, f"/counters/{EVENT}/counts").status_code, 200)


def put(stack: Stack, service: str, path: str, body: dict[str, Any]) -> int:
    """Publish something as somebody who may do all."""
    headers = {
        "Authorization": f"Bearer {stack.token('contoh', 'admin:*:*', 'planner:*:*')}",
        "Idempotency-Key": new_id(),
    }
    return httpx.put(
        f"{stack.url(service)}{path}", json=body, headers=headers, timeout=60
    ).status_code


def ask(stack: Stack, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
    """Ask intake, or send it something, as an operator of the office."""
    headers = {
        "Authorization": f"Bearer {stack.token('kantor', OPERATOR)}",
        "Idempotency-Key": new_id(),
    }
    url = f"{stack.url('intake')}/api{path}"
    return httpx.request(
        "GET" if body is None else "POST", url, json=body, headers=headers, timeout=60
    )


@asynccontextmanager
async def laptop(playwright: Playwright, profile: Path, width: int = 1280) -> AsyncIterator[Page]:
    """Give a browser that keeps its profile on the disk, in which no script fails."""
    context = await playwright.chromium.launch_persistent_context(
        profile,
        executable_path=await asyncio.to_thread(install.chromium),
        args=FLAGS,
        viewport={"width": width, "height": 800},
    )
    page = context.pages[0]
    failed: list[str] = []
    page.on("pageerror", lambda error: failed.append(str(error)))
    yield page
    await context.close()
    assert failed == []


async def signed_in(page: Page, stack: Stack, admin: Page, login: str) -> str:
    """Have somebody become an operator, and sign in at this laptop; return the account."""
    body = {"login": login, "grants": [OPERATOR]}
    made = await send(admin, "POST", "/intake/api/accounts", body)
    await use_link(page, stack, made["body"]["code"])
    await sign_in(page, login, None)
    await page.wait_for_url(f"{stack.origin('intake')}/")
    return str(made["body"]["account_id"])


@dataclass(frozen=True)
class Counter:
    """A counter as its operator works at it, by the keyboard alone."""

    stack: Stack
    page: Page

    @property
    def address(self) -> str:
        """Where its page lies."""
        return f"{self.stack.origin('intake')}/intake/konter/acara/{EVENT}"

    @property
    def context(self) -> BrowserContext:
        """The browser."""
        return self.page.context

    async def set_up(self) -> None:
        """Choose a PIN, twice."""
        await self.page.goto(self.address)
        await expect(self.page.get_by_label("PIN baru", exact=True)).to_be_focused()
        await self.page.keyboard.type(PIN)
        await self.page.keyboard.press("Tab")
        await self.page.keyboard.type(PIN)
        await self.page.keyboard.press("Enter")
        await expect(self.name).to_be_focused()

    async def unlock(self, pin: str = PIN) -> None:
        """Type the PIN."""
        field = self.page.get_by_label("PIN", exact=True)
        await expect(field).to_be_focused()
        await self.page.keyboard.type(pin)
        await self.page.keyboard.press("Enter")

    @property
    def name(self) -> Any:
        """The field of the first name."""
        return self.page.get_by_label("Nama lengkap").first

    async def begin(self, one: Person) -> None:
        """Type who has come."""
        await expect(self.name).to_be_focused()
        for text in (one.name, one.nik, f"0{one.phone}"):
            await self.page.keyboard.type(text)
            await self.page.keyboard.press("Tab")

    async def child(self, name: str) -> None:
        """Add somebody who has neither NIK nor phone."""
        await self.page.keyboard.press("Alt+o")
        await expect(self.page.get_by_label("Nama lengkap").nth(1)).to_be_focused()
        await self.page.keyboard.type(name)

    async def wants(self, service: str = "Kartu Keluarga", *, of_child: bool = False) -> None:
        """Choose what he wants, and for whom, and save."""
        await self.page.get_by_label("Layanan", exact=True).focus()
        await self.page.keyboard.type(service)
        if of_child:
            await self.page.keyboard.press("Tab")
            await self.page.keyboard.press("Tab")
            await self.page.keyboard.press("ArrowDown")
        await self.page.keyboard.press("Control+Enter")
        await expect(self.page.get_by_role("button", name="Kunjungan berikutnya")).to_be_focused()

    async def receipt(self) -> dict[str, str]:
        """Return what the receipt on the screen says of itself."""
        shown = self.page.locator("article.tanda")
        return {
            "kind": str(await shown.get_attribute("data-jenis")),
            "id": str(await shown.get_attribute("data-tanda-id")),
            "number": str(await shown.get_attribute("data-nomor")),
            "text": await shown.inner_text(),
        }

    async def after(self) -> None:
        """Go on to the next."""
        await self.page.keyboard.press("Enter")

    def counted(self, name: str) -> Any:
        """The figure of the laptop's own count."""
        return self.page.locator(f'[data-hitung="{name}"]')

    async def synced(self, accepted: int) -> None:
        """Wait until so many are accepted, and the office counts the same."""
        await expect(self.counted("diterima")).to_have_text(str(accepted), timeout=SYNCED)
        await expect(self.page.locator("[data-kantor]")).to_have_attribute(
            "data-sama", "ya", timeout=SYNCED
        )


def readable(profile: Path, persons: Sequence[Person]) -> set[int]:
    """Return which of them can be read on the disk, in a file's name or in what it holds."""
    searcher = Searcher(persons)
    return {number for blob in _blobs(profile) for number, _ in searcher.find(blob)}


def _blobs(profile: Path) -> Iterator[bytes]:
    for path in sorted(profile.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield str(path).encode() + b"\n" + path.read_bytes()


PLANTED: Final = """async ([name, nik]) => {
    localStorage.setItem("bocor", name);
    const opening = indexedDB.open("bocor", 1);
    await new Promise((done) => {
        opening.onupgradeneeded = () => opening.result.createObjectStore("bocor");
        opening.onsuccess = () => {
            const change = opening.result.transaction("bocor", "readwrite");
            change.objectStore("bocor").put({ nik }, 1);
            change.oncomplete = done;
        };
    });
}"""


async def kept(page: Page) -> dict[str, Any]:
    """Return what the laptop has: names of what is kept, and which entries hold something."""
    found: dict[str, Any] = await page.evaluate(KEPT)
    return found


KEPT: Final = """async () => {
    const opening = indexedDB.open("jemput-konter", 1);
    await new Promise((done) => { opening.onsuccess = done; });
    const all = opening.result.transaction(["tetap", "catatan"]);
    const asked = [all.objectStore("tetap").getAllKeys(), all.objectStore("catatan").getAll(),
        all.objectStore("tetap").get("laptop")];
    await new Promise((done) => { all.oncomplete = done; });
    opening.result.close();
    return {
        names: asked[0].result,
        sealed: Object.fromEntries(asked[1].result.map((one) => [one.number, "sealed" in one])),
        share: Boolean(asked[2].result && asked[2].result.share),
    };
}"""


@asynccontextmanager
async def counter_of(
    stack: Stack, admin: Page, playwright: Playwright, profile: Path, login: str, at: Any = None
) -> AsyncIterator[Counter]:
    """Give a counter that has been set up, with a clock that can be moved."""
    async with laptop(playwright, profile) as page:
        await page.clock.install(time=at)
        await signed_in(page, stack, admin, login)
        counter = Counter(stack, page)
        await counter.set_up()
        yield counter


async def revoked(admin: Page, account: str) -> None:
    """End every device of an account for good."""
    path = f"/intake/api/accounts/{account}/devices"
    for device in (await send(admin, "GET", path))["body"]:
        ended = await send(admin, "DELETE", f"{path}/{device['device_id']}")
        assert ended["status"] == 204, ended


async def out(page: Page, stack: Stack, url: str = "") -> None:
    """Wait until the token of this browser is taken no more, by intake or by whose `url` it is."""
    token = (await cookie(page.context, "jemput_token"))["value"]
    url, sent = (
        url or f"{stack.origin('intake')}/masuk/keadaan",
        {"Authorization": f"Bearer {token}"},
    )
    await asyncio.to_thread(eventually, lambda: httpx.get(url, headers=sent).status_code, 401)


def asked(one: Person) -> dict[str, Any]:
    """Return what the office records of somebody while the counter is away."""
    return {
        "programme_id": "botram",
        "service": "KK",
        "channel": "event",
        "event_id": EVENT,
        "region_code": "32.16.18",
        "applicant": {"name": one.name, "nik": one.nik},
    }


async def both_times(stack: Stack, *papers: dict[str, str]) -> None:
    """Find the laptop's claim, a day ahead, beside the office's time."""
    for paper in papers:
        found = (await asyncio.to_thread(ask, stack, f"/visits/{paper['id']}")).json()
        said, arrived = found["counter"], datetime.fromisoformat(found["recorded_at"])
        claimed = datetime.fromisoformat(said["claimed_at"])
        assert said["clock_off"] is True
        assert timedelta(hours=23) < claimed - arrived < timedelta(hours=25)
        assert abs(datetime.fromisoformat(said["happened_at"]) - arrived) < timedelta(minutes=10)
        received = datetime.fromisoformat(found["requests"][0]["received_at"])
        assert abs(received - arrived) < timedelta(minutes=1)


def written(result: dict[str, Any]) -> None:
    """Keep the result, also one that is not as it must be."""
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=2) + "\n", "utf-8")


def seen(page: Page, text: str) -> Locator:
    """What says this and is seen: the page has all that its scripts may have to say, hidden."""
    return page.get_by_text(text).locator("visible=true")
