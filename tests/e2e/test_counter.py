"""The counter in a real browser: the network cut in mid-entry, and nothing readable on the disk."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
import segno
from playwright.async_api import Browser, Page, Playwright, async_playwright, expect

from deploy.local.servers import Servers
from deploy.local.stack import Stack
from tests.e2e.browser_kit import looked_at, opened_alone, whole_stack
from tests.e2e.counter_forms import (
    SAVED,
    at_the_office,
    child_by_proxy,
    family_card_too,
    there_again,
)
from tests.e2e.counter_kit import (
    EVENT,
    PLANTED,
    Counter,
    ask,
    asked,
    both_times,
    counter_of,
    kept,
    laptop,
    out,
    planned,
    readable,
    revoked,
    seen,
    signed_in,
    written,
)
from tests.e2e.test_account_pages import SMALL
from tests.e2e.test_accounts import admin_at, send, sign_in
from tests.torture.privacy.persons import Person, made_up

pytestmark = pytest.mark.browser

PEOPLE: Final = made_up(10, seed=73)
LIGHT: Final = 200 * 1024
SAME: Final[dict[str, Any]] = {
    "error": "m",
    "mask": 0,
    "mode": "byte",
    "boost_error": False,
    "micro": False,
}


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


async def test_after_five_wrong_pins_all_is_gone_and_what_was_not_sent_is_named(
    stack: Stack, admin: Page, playwright: Playwright, tmp_path: Path
) -> None:
    async with counter_of(stack, admin, playwright, tmp_path, "konter-pin") as counter:
        page = counter.page
        await page.context.set_offline(True)
        number = (await enter(counter, PEOPLE[0]))["number"]
        await page.get_by_role("button", name="Kunci layar").click()
        for left in (4, 3):
            await counter.unlock("salah-salah")
            await expect(page.get_by_role("link", name=f"Sisa kesempatan: {left}")).to_be_visible()
            await page.get_by_label("PIN", exact=True).focus()
        await look(page, "konter-pin")
        await page.reload()
        for left in (2, 1):
            await counter.unlock("salah-salah")
            await expect(page.get_by_role("link", name=f"Sisa kesempatan: {left}")).to_be_visible()
            await page.get_by_label("PIN", exact=True).focus()
        await counter.unlock("salah-salah")
        await expect(seen(page, "karena PIN salah lima kali")).to_be_visible()
        await expect(seen(page, f"nomor {number}")).to_be_visible()
        assert await kept(page) == {"names": ["akhir"], "sealed": {}, "share": False}
        await look(page, "konter-dihapus")


async def test_after_twelve_hours_nothing_opens_without_the_office(
    stack: Stack, admin: Page, playwright: Playwright, tmp_path: Path
) -> None:
    async with counter_of(stack, admin, playwright, tmp_path, "konter-lama") as counter:
        page, persons = counter.page, made_up(2, seed=74)
        first = (await enter(counter, persons[0]))["number"]
        await counter.synced(1)
        await counter.after()
        await page.context.set_offline(True)
        second = (await enter(counter, persons[1]))["number"]
        await page.clock.fast_forward("11:59:00")
        await expect(counter.counted("menunggu")).to_have_text("1")
        await page.clock.fast_forward("00:02:00")
        await expect(seen(page, "Sudah lewat 12 jam")).to_be_visible()
        await expect(seen(page, persons[1].name)).to_have_count(0)
        now = await kept(page)
        assert now == {"names": ["laptop"], "sealed": {first: False, second: True}, "share": False}
        await counter.unlock()
        await expect(seen(page, "Belum ada sambungan ke kantor")).to_be_visible()
        await look(page, "konter-lewat")
        await page.context.set_offline(False)
        await page.get_by_label("PIN", exact=True).focus()
        await counter.unlock()
        await counter.synced(2)


async def test_a_revoked_device_loses_what_it_has_at_the_next_contact(
    stack: Stack, admin: Page, playwright: Playwright, tmp_path: Path
) -> None:
    async with counter_of(stack, admin, playwright, tmp_path, "konter-hilang") as counter:
        page = counter.page
        account = str(await page.locator("[data-konter]").get_attribute("data-account"))
        await page.context.set_offline(True)
        number = (await enter(counter, made_up(1, seed=75)[0]))["number"]
        await revoked(admin, account)
        await out(page, stack)
        await page.context.set_offline(False)
        await expect(seen(page, "Perangkat ini dikeluarkan dari akun")).to_be_visible()
        await expect(seen(page, f"nomor {number}")).to_be_visible()
        assert (await kept(page))["names"] == ["akhir"]


async def test_with_a_clock_a_day_ahead_what_is_refused_later_is_shown_and_put_right(
    stack: Stack, admin: Page, playwright: Playwright, tmp_path: Path
) -> None:
    ahead, persons = datetime.now(UTC) + timedelta(days=1), made_up(3, seed=76)
    async with counter_of(stack, admin, playwright, tmp_path, "konter-jam", ahead) as counter:
        page = counter.page
        await expect(seen(page, "24 jam lebih cepat dari jam kantor")).to_be_visible()
        await page.context.set_offline(True)
        papers = list[dict[str, str]]()
        for one in persons:
            papers.append(await enter(counter, one))
            await counter.after()
        for one in persons[1:]:
            (await asyncio.to_thread(ask, stack, "/requests", asked(one))).raise_for_status()
        await page.context.set_offline(False)
        await expect(counter.counted("ditolak")).to_have_text("2", timeout=60_000)
        await counter.synced(1)
        await expect(seen(page, "masih memiliki permohonan yang sama")).to_have_count(2)
        await look(page, "konter-ditolak")
        await put_right(counter, papers[1])
        await counter.synced(2)
        await discard(counter, papers[2])
        await expect(counter.counted("dicatat")).to_have_text("3")
        await both_times(stack, papers[0], papers[1])


async def put_right(counter: Counter, paper: dict[str, str]) -> None:
    """Say why it is asked for once more; the number stays."""
    page = counter.page
    await page.get_by_role("button", name=f"Perbaiki dan kirim lagi {paper['number']}").click()
    await page.get_by_label("Mengapa diminta sekali lagi").fill("Berkasnya berubah")
    await look(page, "konter-perbaiki")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator("article.tanda")).to_have_attribute("data-nomor", paper["number"])
    await page.get_by_role("button", name="Kunjungan berikutnya").press("Enter")


async def discard(counter: Counter, paper: dict[str, str]) -> None:
    """Give an entry up by its name: its number stays in the list."""
    row = counter.page.locator(f'[data-catatan="{paper["id"]}"]')
    await row.locator("summary").click()
    await row.get_by_role("button", name="Ya, buang").click()
    await expect(row).to_have_attribute("data-keadaan", "dibuang")
    await expect(row.get_by_text(paper["number"]).first).to_be_visible()


async def test_who_is_no_longer_signed_in_is_asked_and_it_goes_on(
    stack: Stack, admin: Page, playwright: Playwright, tmp_path: Path
) -> None:
    async with counter_of(stack, admin, playwright, tmp_path, "konter-masuk") as counter:
        page = counter.page
        await page.context.set_offline(True)
        await enter(counter, made_up(1, seed=77)[0])
        await page.context.clear_cookies()
        await page.context.set_offline(False)
        status = page.locator("[data-sambungan]")
        await expect(status).to_have_attribute("data-sambungan", "signin", timeout=60_000)
        await status.get_by_role("link").click()
        await sign_in(page, "konter-masuk", None)
        await page.wait_for_url(counter.address)
        await counter.unlock()
        await counter.synced(1)


async def test_what_is_typed_comes_back_after_the_pin_and_goes_with_its_people_and_papers(
    stack: Stack, admin: Page, playwright: Playwright, tmp_path: Path
) -> None:
    mother, proxy = persons = made_up(2, seed=78)
    async with counter_of(stack, admin, playwright, tmp_path, "konter-draf") as counter:
        page = counter.page
        account = str(await page.locator("[data-konter]").get_attribute("data-account"))
        await page.context.set_offline(True)
        await child_by_proxy(counter, mother, proxy)
        await family_card_too(page)
        await expect(page.locator("[data-draf]")).to_have_text(SAVED)
        await look(page, "konter-orang")
        await page.clock.run_for(1_000)
        assert (await kept(page))["names"] == ["bekal", "draf", "laptop"]
        assert await asyncio.to_thread(readable, tmp_path, persons) == set()
        await page.reload()
        await counter.unlock()
        await there_again(page, mother)
        await look(page, "konter-kembali")
        await other_window(counter, mother)
        await counter.unlock()
        await there_again(page, mother)
        await page.keyboard.press("Control+Enter")
        await expect(page.locator("article.tanda")).to_be_visible()
        paper = await counter.receipt()
        assert (await kept(page))["names"] == ["bekal", "laptop"]
        async with page.expect_request("**/api/visits") as sending:
            await page.context.set_offline(False)
        assert '"arrival_code":"K7QW3ZTM"' in str((await sending.value).post_data)
        await counter.synced(1)
        await at_the_office(counter, paper, account)
        await page.reload()
        await counter.unlock()
        await expect(counter.name).to_have_value("")


async def other_window(counter: Counter, mother: Person) -> None:
    """Open the counter in another window: it takes over, and the first asks for the PIN."""
    page = await counter.context.new_page()
    await page.goto(counter.address)
    await Counter(counter.stack, page).unlock()
    await there_again(page, mother)
    await expect(seen(counter.page, "Konter ini dibuka di jendela lain")).to_be_visible()
    await expect(seen(counter.page, mother.name)).to_have_count(0)
    await page.close()
    await counter.page.bring_to_front()


async def test_a_colleague_s_disabled_account_wipes_nothing_of_this_laptop(
    stack: Stack, admin: Page, playwright: Playwright, tmp_path: Path
) -> None:
    async with counter_of(stack, admin, playwright, tmp_path, "konter-rina") as counter:
        page = counter.page
        await page.context.set_offline(True)
        await enter(counter, made_up(1, seed=79)[0])
        await page.context.clear_cookies()
        await page.context.set_offline(False)
        colleague = await signed_in(page, stack, admin, "konter-dedi")
        shut = await send(admin, "POST", f"/intake/api/accounts/{colleague}/disable")
        assert shut["status"] == 200, shut
        assert await page.evaluate("JemputSesi.refresh(true)") == "over"
        assert (await page.evaluate("JemputSesi.why()")) == {
            "reason": "account_disabled",
            "account": colleague,
        }
        await page.context.set_offline(True)
        await page.goto(counter.address)
        await page.clock.fast_forward("00:00:20")
        await counter.unlock()
        await expect(counter.counted("menunggu")).to_have_text("1")


async def test_the_first_load_is_light_and_a_code_is_what_a_library_makes(
    stack: Stack, admin: Page, playwright: Playwright, tmp_path: Path
) -> None:
    async with counter_of(stack, admin, playwright, tmp_path, "konter-ringan") as counter:
        page = counter.page
        parts = await page.evaluate(
            """() => performance.getEntriesByType("resource").map((one) => one.name)"""
        )
        got = [await (await page.request.get(one)).body() for one in {page.url, *parts}]
        assert sum(len(one) for one in got) < LIGHT
        for length in (14, 26, 42, 62, 84, 106):
            # Without padding, of which the library writes a byte more than the standard has.
            made = await page.evaluate("(text) => JemputQr.matrix(text)", "k" * length)
            right = segno.make(
                "k" * length, error="m", mask=0, boost_error=False, mode="byte", micro=False
            )
            assert made == [list(row) for row in right.matrix]
        assert await page.evaluate("JemputQr.matrix('k'.repeat(107))") is None
