"""Forty documents are printed and handed over in a real browser, by keyboard alone."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from playwright.async_api import Browser, Page, expect

from deploy.local.folder import ROOT
from deploy.local.stack import Stack
from shared.contracts.envelope import new_id
from tests.e2e.browser_kit import LARGEST, looked_at, opened_alone, stack_without
from tests.e2e.test_account_pages import SMALL
from tests.e2e.test_desk import OPERATOR, fold, record
from tests.unit.files.samples import image

pytestmark = pytest.mark.browser

MANY: Final = 40
RESULT: Final = ROOT / "build" / "batch.json"
REFUSED: Final = r"status of 409"


stack = stack_without()


@asynccontextmanager
async def at_work(stack: Stack, browser: Browser, width: int = 1280) -> AsyncIterator[Page]:
    """An operator's browser, signed in."""
    async with opened_alone(browser, width, REFUSED) as page:
        token, origin = stack.token("tester", OPERATOR), stack.origin("intake")
        cookie = {"name": "jemput_token", "value": token, "url": origin}
        await page.context.add_cookies([cookie])  # type: ignore[list-item]
        yield page


@asynccontextmanager
async def api(stack: Stack) -> AsyncIterator[httpx.AsyncClient]:
    """Intake's API as an operator."""
    headers = {"Authorization": f"Bearer {stack.token('tester', OPERATOR)}"}
    address = f"{stack.url('intake')}/api"
    async with httpx.AsyncClient(base_url=address, headers=headers, timeout=30) as client:
        yield client


async def post(client: httpx.AsyncClient, path: str, **sent: Any) -> Any:
    """Send a command, which must be done."""
    key = {"Idempotency-Key": new_id()}
    answer = await client.post(path, headers=key, **sent)
    return answer.raise_for_status().json() if answer.content else None


async def issued(stack: Stack, many: int) -> list[str]:
    """Have requests recorded and their documents issued."""
    ids = [str(one["case_id"]) for one in [await record(stack) for _ in range(many)]]
    async with api(stack) as client:
        for case_id in ids:
            for step in ("verify", "issue"):
                await post(client, f"/requests/{case_id}/steps", json={"step": step})
    return ids


async def power_of_attorney(stack: Stack, case_id: str) -> None:
    """Bind somebody's F-1.07 to a request."""
    async with api(stack) as client:
        path = f"/requests/{case_id}/papers"
        sent = await post(client, path, content=image())
        bound = {"kind": "power_of_attorney"}
        await post(client, f"{path}/{sent['file_id']}", json=bound)


@dataclass
class Keyboard:
    """Presses keys, and counts them: nothing else touches the page."""

    page: Page
    presses: int = 0
    began: float = field(default_factory=time.monotonic)

    async def press(self, *keys: str) -> None:
        """Press keys one after the other."""
        for key in keys:
            await self.page.keyboard.press(key)
            self.presses += 1

    async def focused(self, selector: str) -> None:
        """Wait until the keyboard's place is there."""
        await expect(self.page.locator(selector)).to_be_focused()

    async def hand_over(self, number: str, done: str, *before: str) -> None:
        """Type a document's number, confirm who collects it, and read that it is noted."""
        await self.focused("#kode")
        await self.press(*number, "Enter")
        await self.confirm(done, *before)

    async def confirm(self, done: str, *before: str) -> None:
        """Confirm who collects the document that is chosen."""
        await self.focused("#pengambil-applicant")
        await self.press(*before, "Enter")
        said = self.page.get_by_role("status").filter(has_text=done)
        await expect(said).to_be_visible()


async def print_all(keys: Keyboard) -> Sequence[str]:
    """Make a batch, print its list, mark it printed; return the numbers on the list."""
    page = keys.page
    await keys.focused("#layanan")
    await keys.press("Tab", "Tab", "Enter")
    await keys.focused("#hari")
    await keys.press("Shift+Tab", "Enter")
    await keys.focused("[data-print]")
    await page.evaluate("window.print = () => { window.printed = true; }")
    await keys.press("Enter")
    assert await page.evaluate("window.printed")
    numbers = await page.locator("tbody th").all_inner_texts()
    await keys.press("Tab", "Tab", "Enter")
    await keys.focused("#hari")
    await keys.press("Enter")
    return numbers


def said(done: int) -> str:
    """What the page says after so many."""
    return f"{done} dari {MANY} sudah diambil"


async def undone(keys: Keyboard, done: int) -> None:
    """Take the first hand-over back, which was a mistake, and note it anew."""
    await keys.focused("#kode")
    await keys.press("Tab", "Tab", "Tab", "Enter")
    await expect(keys.page.get_by_role("status").filter(has_text=said(done - 1))).to_be_visible()
    await keys.confirm(said(done))


async def test_forty_are_printed_and_handed_over_by_keyboard_alone(
    stack: Stack, browser: Browser
) -> None:
    ids = await issued(stack, MANY)
    await power_of_attorney(stack, ids[-1])
    async with at_work(stack, browser) as page:
        await page.goto(f"{stack.origin('intake')}/intake/meja/cetak")
        keys = Keyboard(page)
        numbers = await print_all(keys)
        for done, number in enumerate(numbers[:-1], start=1):
            await keys.hand_over(number, said(done))
        await undone(keys, MANY - 1)
        await keys.hand_over(numbers[-1], said(MANY), "ArrowDown")
        seconds = time.monotonic() - keys.began
        await expect(page.get_by_text("Semua sudah diambil")).to_be_visible()
        batch_id = page.url.rpartition("/")[2].partition("?")[0]
    async with api(stack) as client:
        items = (await client.get(f"/batches/{batch_id}")).raise_for_status().json()["items"]
    collected = [one["collected"] for one in items if one["collected"]]
    result = {"printed": len(items), "handed_over": len(collected), "undone": 1}
    timed = {"seconds": round(seconds, 1), "key_presses": keys.presses}
    await asyncio.to_thread(written, {**result, **timed})
    assert {one["case_id"] for one in items} == set(ids)
    assert [one["collector"] for one in collected] == ["applicant"] * (MANY - 1) + ["proxy"]


def written(result: dict[str, Any]) -> None:
    """Keep what was measured."""
    RESULT.parent.mkdir(exist_ok=True)
    Path(RESULT).write_text(f"{json.dumps(result, indent=2)}\n", "utf-8")


@pytest.mark.parametrize("width", [360, 1280])
async def test_each_page_is_looked_at(stack: Stack, browser: Browser, width: int) -> None:
    async def look(name: str) -> None:
        await looked_at(page, f"{name}-{width}")
        assert await page.evaluate(SMALL) == []

    first, _ = await issued(stack, 2)
    async with at_work(stack, browser, width) as page:
        await page.goto(f"{stack.origin('intake')}/intake/meja?program=halo_pamor")
        await page.get_by_role("link", name="Cetak dan serahkan").click()
        await look("cetak-daftar-cetak")
        await page.get_by_label("Layanan").select_option(index=1)
        await page.get_by_role("button", name="Buat daftar cetak").click()
        await expect(page.locator(".errors")).to_be_visible()
        await look("cetak-tidak-ada")
        await page.get_by_label("Layanan").select_option(value="KK")
        await page.get_by_role("button", name="Buat daftar cetak").click()
        await fold(page, "Ada yang gagal dicetak")
        await look("cetak-belum-dicetak")
        await page.get_by_role("link", name="Buka daftar dengan nama").click()
        await expect(page.get_by_role("cell", name="Siti Contoh")).to_have_count(2)
        await look("cetak-dengan-nama")
        await page.get_by_role("link", name="Kembali ke daftar cetak").click()
        await page.get_by_role("button", name="Tandai sudah dicetak").click()
        await page.get_by_label("Kode permohonan").fill("salah")
        await page.get_by_role("button", name="Cari").click()
        await expect(page.locator(".errors")).to_be_visible()
        await look("cetak-kode-salah")
        await page.get_by_label("Kode permohonan").fill(first[-8:])
        await page.get_by_role("button", name="Cari").click()
        await page.get_by_label("Wakil dengan surat kuasa").check()
        await page.get_by_role("button", name="Catat sudah diserahkan").click()
        await expect(page.locator(".errors")).to_be_visible()
        await look("cetak-tanpa-kuasa")
        await page.get_by_label("Pemohon sendiri").check()
        await page.get_by_role("button", name="Catat sudah diserahkan").click()
        await expect(page.get_by_role("status").filter(has_text="1 dari 2")).to_be_visible()
        await look("cetak-diserahkan")


async def test_the_first_load_is_light(stack: Stack, browser: Browser) -> None:
    async with at_work(stack, browser) as page:
        await page.goto(f"{stack.origin('intake')}/intake/meja/cetak")
        parts = await page.evaluate(
            """() => performance.getEntriesByType("resource").map((one) => one.name)"""
        )
        got = [await (await page.request.get(one)).body() for one in {page.url, *parts}]
    assert sum(len(one) for one in got) < LARGEST
