"""The counter in a real browser: the network cut in mid-entry, ten visits, nothing readable on disk."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.async_api import Browser, Page, Playwright, async_playwright, expect

from deploy.local.folder import ROOT
from deploy.local.servers import Servers
from deploy.local.stack import Stack
from tests.e2e.browser_kit import looked_at, opened_alone, whole_stack
from tests.e2e.counter_kit import EVENT, PIN, Counter, ask, laptop, planned, readable, signed_in
from tests.e2e.test_account_pages import SMALL
from tests.e2e.test_accounts import admin_at
from tests.torture.privacy.persons import Person, made_up

pytestmark = pytest.mark.browser

RESULT: Final = ROOT / "build" / "offline.json"
PEOPLE: Final = made_up(10, seed=73)
LIGHT: Final = 200 * 1024


@pytest.fixture(scope="module")
async def stack(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    async with whole_stack(servers, tmp_path_factory.mktemp("konter")) as running:
        await asyncio.to_thread(planned, running)
        yield running


@pytest.fixture(scope="module")
async def admin(stack: Stack, browser: Browser) -> AsyncIterator[Page]:
    async with opened_alone(browser, 1280, "status of|Password forms") as page:
        await admin_at(page, stack, "konter-admin", "1280")
        yield page


@pytest.fixture
async def playwright() -> AsyncIterator[Playwright]:
    async with async_playwright() as running:
        yield running


async def look(page: Page, name: str) -> None:
    """Look at both widths, and find that a finger hits everything."""
    for width in (360, 1280):
        await page.set_viewport_size({"width": width, "height": 800})
        await looked_at(page, f"{name}-{width}")
        assert await page.evaluate(SMALL) == []


async def enter(counter: Counter, one: Person) -> dict[str, str]:
    """Write one visit down; return what its receipt says."""
    await counter.begin(one)
    await counter.wants()
    return await counter.receipt()


async def test_ten_visits_with_the_network_cut_in_mid_entry(
    stack: Stack, admin: Page, playwright: Playwright, tmp_path: Path
) -> None:
    profile, papers = tmp_path / "profile", list[dict[str, str]]()
    async with laptop(playwright, profile) as page:
        await signed_in(page, stack, admin, "konter-siti")
        await page.goto(f"{stack.origin('intake')}/intake/konter")
        await page.get_by_role("link", name="Buka konter BOTRAM Konter").click()
        await expect(page.get_by_label("PIN baru", exact=True)).to_be_focused()
        await look(page, "konter-siapkan")
        counter = Counter(stack, page)
        await counter.set_up()
        await look(page, "konter-kosong")
        papers.append(await enter(counter, PEOPLE[0]))
        await counter.synced(1)
        await counter.after()
        await counter.begin(PEOPLE[1])
        await page.context.set_offline(True)
        await counter.child("Bayi Contoh")
        await look(page, "konter-isian")
        await counter.wants("Kartu Identitas", of_child=True)
        papers.append(await counter.receipt())
        await look(page, "konter-sementara")
        for one in PEOPLE[2:6]:
            await counter.after()
            papers.append(await enter(counter, one))
        assert {one["kind"] for one in papers} == {"sementara"}
    assert await asyncio.to_thread(readable, profile, PEOPLE) == set()

    async with laptop(playwright, profile) as page:
        await page.context.set_offline(True)
        counter = Counter(stack, page)
        await page.goto(counter.address)
        await counter.unlock()
        await expect(counter.counted("menunggu")).to_have_text("5")
        for one in PEOPLE[6:]:
            papers.append(await enter(counter, one))
            await counter.after()
        await look(page, "konter-menunggu")
        await page.context.set_offline(False)
        await counter.synced(10)
        matched = [paper for paper in papers if await replaced(counter, paper)]
        await look(page, "konter-tetap")
        counts = ask(stack, f"/counters/{EVENT}/counts").json()
        await page.goto(f"{stack.origin('intake')}/intake/konter")
        await look(page, "konter-acara")
    found = await asyncio.to_thread(readable, profile, PEOPLE)

    result = {
        "entered": len(papers),
        "cases": counts["cases"],
        "receipts_matched": len(matched),
        "readable_on_disk": len(found),
    }
    await asyncio.to_thread(written, result)
    assert result == {"entered": 10, "cases": 10, "receipts_matched": 10, "readable_on_disk": 0}
    await leak(stack, playwright, profile)


def written(result: dict[str, Any]) -> None:
    """Keep the result, also one that is not as it must be."""
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=2) + "\n", "utf-8")


async def replaced(counter: Counter, paper: dict[str, str]) -> bool:
    """Return whether the definitive receipt is of the same entry as a provisional one."""
    row = counter.page.locator(f'[data-catatan="{paper["id"]}"]')
    await row.get_by_role("button", name="Tanda terima").press("Enter")
    shown = counter.page.locator(f'article.tanda--tetap[data-tanda-id="{paper["id"]}"]')
    await expect(shown).to_be_visible()
    now = await counter.receipt()
    kept = (await asyncio.to_thread(ask, counter.stack, f"/visits/{paper['id']}")).json()
    code = await shown.locator(".konter-kode").inner_text()
    answer = await asyncio.to_thread(track, counter.stack, code)
    return (
        now["number"] == paper["number"] == kept["counter"]["number"]
        and "GRATIS" in now["text"]
        and "3 hari kerja" in now["text"]
        and answer == 200
    )


def track(stack: Stack, code: str) -> int:
    """Ask as the resident does how it stands."""
    return ask(stack, "/track", {"code": code}).status_code


async def leak(stack: Stack, playwright: Playwright, profile: Path) -> None:
    """Plant a name where browsers keep such things, so that it is known that it would be found."""
    async with laptop(playwright, profile) as page:
        await page.goto(f"{stack.origin('intake')}/intake/lacak")
        await page.evaluate(PLANTED, [PEOPLE[3].name, PEOPLE[4].nik])
    assert await asyncio.to_thread(readable, profile, PEOPLE) == {3, 4}


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
