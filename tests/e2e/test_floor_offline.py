"""An event's floor with the network cut: numbers that devices have leased, told when it is back."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final

import pytest
from playwright.async_api import Browser, Page, expect

from deploy.local.servers import Servers
from deploy.local.stack import Stack
from tests.e2e.browser_kit import opened_alone, whole_stack
from tests.e2e.compose_kit import eventually
from tests.e2e.counter_kit import out, revoked
from tests.e2e.counter_kit import signed_in as with_account
from tests.e2e.test_accounts import admin_at
from tests.e2e.test_floor import looked, planned, send, signed_in

pytestmark = pytest.mark.browser

NOISE: Final = "status of|ERR_INTERNET|ERR_FAILED|Failed to load|Password forms"
"""What a browser says of a network that was cut."""
PEOPLE: Final = 30
PATIENCE: Final = 30_000
"""Milliseconds for what a busy machine has to send."""
KEPT: Final = """async () => {
    const opening = indexedDB.open("jemput-gerbang", 1);
    await new Promise((done) => { opening.onsuccess = done; });
    const all = opening.result.transaction(["perangkat", "cerita"]);
    const asked = ["perangkat", "cerita"].map((one) => all.objectStore(one).getAll());
    await new Promise((done) => { all.oncomplete = done; });
    opening.result.close();
    return asked.map((one) => one.result);
}"""


READY = f"""async () => {{
    for (;;) {{
        const [leases] = await ({KEPT})();
        if (leases.some((one) => one.blocks.length) && navigator.serviceWorker.controller) return;
        await new Promise((again) => setTimeout(again, 50));
    }}
}}"""
"""Waits until the device has numbers and its page is kept."""
_WITHIN = 30.0


@pytest.fixture(scope="module")
async def stack(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    folder = tmp_path_factory.mktemp("tanpa-sambungan")
    async with whole_stack(servers, folder, without=("courier", "reporting")) as running:
        yield running


async def gate_of(page: Page, stack: Stack, event: str) -> None:
    """Open a gate, and wait until its device has numbers."""
    await page.goto(f"{stack.origin('scheduler')}/scheduler/gerbang/{event}")
    await expect(page.locator("[data-sambungan=connected]")).to_be_visible()
    # Not `wait_for_function`: it evaluates text in the page, whose policy forbids that.
    await asyncio.wait_for(page.evaluate(READY), _WITHIN)


async def give(page: Page, said: str = "NOMOR DIBERIKAN") -> tuple[str, str]:
    """Give somebody a number of KIA; return it and the code."""
    await page.get_by_role("checkbox", name="Kartu Identitas Anak").check()
    await page.get_by_role("button", name="Ambil nomor").click()
    await expect(page.locator("[data-hasil]")).to_be_visible()
    await expect(page.locator("[data-putusan]")).to_contain_text(said)
    number = await page.locator(".slip-angka").inner_text()
    return number, (await page.locator("[data-kode]").inner_text()).replace(" ", "")


async def next_one(page: Page) -> None:
    """Let the next one come."""
    await page.get_by_role("button", name="Orang berikutnya").click()


async def told(page: Page) -> None:
    """Wait until the office knows all that this device gave."""
    box = page.locator('[data-sambungan=connected][data-belum="0"]')
    await expect(box).to_be_visible(timeout=PATIENCE)


def line(stack: Stack, event: str, service: str = "KIA") -> dict[str, Any]:
    """A line as the office counts it."""
    lines = send(stack, "GET", f"/{event}").json()["lines"]
    found: dict[str, Any] = next(one for one in lines if one["service"] == service)
    return found


async def test_a_gate_gives_thirty_numbers_without_uplink_and_tells_them(
    stack: Stack, browser: Browser
) -> None:
    event = "botram-gerbang-putus"
    await asyncio.to_thread(planned, stack, event)
    async with opened_alone(browser, 360, NOISE) as page:
        await signed_in(page, stack)
        await gate_of(page, stack, event)
        given = [await give(page)]
        await next_one(page)
        await page.context.set_offline(True)
        await page.reload()
        await expect(page.locator("[data-sambungan=without]")).to_be_visible()
        for _ in range(PEOPLE):
            given.append(await give(page))
            await expect(page.locator("[data-putusan]")).to_contain_text("Belum sampai di kantor")
            await next_one(page)
        assert line(stack, event)["issued"] == 1
        await page.get_by_text("Bila tidak ada sambungan").click()
        await looked(page, "gerbang-tanpa-sambungan-360")
        await page.get_by_label("Kode kunjungan").fill("K7QW3ZTM")
        await page.keyboard.press("Enter")
        await expect(page.locator("[data-putusan]")).to_contain_text("bukan dari perangkat ini")
        await page.context.set_offline(False)
        await told(page)
    assert len({number for number, _ in given}) == PEOPLE + 1
    counted = line(stack, event)
    assert (counted["issued"], counted["waiting"]) == (PEOPLE + 1, PEOPLE + 1)
    for number, code in (given[0], given[1], given[-1]):
        tickets = send(stack, "GET", f"/{event}/arrivals/{code}").json()["tickets"]
        assert [one["label"] for one in tickets] == [number]
    assert send(stack, "GET", f"/{event}/conflicts").status_code == 403


async def test_what_the_office_refuses_stays_with_its_reason_and_can_be_told_again(
    stack: Stack, browser: Browser
) -> None:
    event = "botram-gerbang-ditolak"
    await asyncio.to_thread(planned, stack, event)
    async with opened_alone(browser, 1280, NOISE) as page:
        await signed_in(page, stack)
        await gate_of(page, stack, event)

        async def refuse(route: Any) -> None:
            entries = [one["entry_id"] for one in route.request.post_data_json["issued"]]
            answer = {"outcome": "refused", "reason": "number_taken", "conflicts": []}
            await route.fulfill(json=[{"entry_id": one, **answer} for one in entries])

        await page.route("**/stories", refuse)
        number, _ = await give(page, "DITOLAK")
        await page.unroute("**/stories")
        await next_one(page)
        rows = page.locator("[data-daftar] li")
        await expect(rows).to_contain_text(f"{number}, ")
        await expect(rows).to_contain_text("sudah dipegang orang lain")
        await looked(page, "gerbang-perlu-dilihat-1280")
        await rows.get_by_role("button", name="Kirim lagi").click()
        await expect(page.locator("[data-daftar]")).to_be_hidden()
        await told(page)
    assert line(stack, event)["issued"] == 1


async def test_a_device_that_is_revoked_without_uplink_tells_what_it_gave_by_the_next_account(
    stack: Stack, browser: Browser
) -> None:
    event = "botram-gerbang-dicabut"
    await asyncio.to_thread(planned, stack, event)
    async with (
        opened_alone(browser, 1280, NOISE) as admin,
        opened_alone(browser, 360, NOISE) as page,
    ):
        await admin_at(admin, stack, "gerbang-admin", "1280")
        account = await with_account(page, stack, admin, "gerbang-siti")
        await gate_of(page, stack, event)
        await page.context.set_offline(True)
        number, _ = await give(page)
        await next_one(page)
        await revoked(admin, account)
        await out(page, stack, f"{stack.url('scheduler')}/api/events/{event}")
        await page.context.set_offline(False)
        await expect(page.locator("[data-sambungan=revoked]")).to_be_visible(timeout=PATIENCE)
        await expect(page.locator("[data-daftar] li")).to_contain_text(number)
        devices, stories = await page.evaluate(KEPT)
        assert [one["blocks"] for one in devices] == [[]]
        assert len(stories) == 1
        await page.get_by_role("checkbox", name="Kartu Identitas Anak").check()
        await page.get_by_role("button", name="Ambil nomor").click()
        await expect(page.locator("[data-putusan]")).to_contain_text("Hak perangkat ini dicabut")
        assert line(stack, event)["issued"] == 0
        await with_account(page, stack, admin, "gerbang-budi")
        await gate_of(page, stack, event)
        await told(page)
        await asyncio.to_thread(eventually, lambda: line(stack, event)["issued"], 1)
