"""An event's floor with the network cut: numbers that devices have leased, told when it is back."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from playwright.async_api import Browser, Page, expect

from deploy.local.stack import Stack
from tests.e2e.booth_kit import (
    HELD,
    booth_of,
    booth_told,
    call_here,
    current,
    kill,
    profile_of,
    serve_here,
    two_booths,
)
from tests.e2e.browser_kit import opened_alone, stack_without
from tests.e2e.compose_kit import eventually
from tests.e2e.counter_kit import out, revoked
from tests.e2e.counter_kit import signed_in as with_account
from tests.e2e.test_accounts import admin_at
from tests.e2e.test_floor import arrive, call, looked, planned, send, signed_in

pytestmark = pytest.mark.browser

NOISE: Final = "status of|ERR_INTERNET|ERR_FAILED|Failed to load|Password forms"
"""What a browser says of a network that was cut."""
PEOPLE: Final = 30
PATIENCE: Final = 30_000
"""Milliseconds for what a busy machine has to send."""
KEPT: Final = """async (name) => {
    const opening = indexedDB.open(name, 1);
    await new Promise((done) => { opening.onsuccess = done; });
    const all = opening.result.transaction(["perangkat", "cerita"]);
    const asked = ["perangkat", "cerita"].map((one) => all.objectStore(one).getAll());
    await new Promise((done) => { all.oncomplete = done; });
    opening.result.close();
    return asked.map((one) => one.result);
}"""
"""Leases and stories, of the store that a page names."""
GATES: Final = "jemput-gerbang"
BOOTHS: Final = "jemput-loket"

READY = f"""async () => {{
    for (;;) {{
        const [leases] = await ({KEPT})("{GATES}");
        if (leases.some((one) => one.blocks.length) && navigator.serviceWorker.controller) return;
        await new Promise((again) => setTimeout(again, 50));
    }}
}}"""
"""Waits until the device has numbers and its page is kept."""
_WITHIN = 30.0


stack = stack_without("courier", "reporting")


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


NEARLY_OUT: Final = """async (left) => {
    const opening = indexedDB.open("jemput-gerbang", 1);
    await new Promise((done) => { opening.onsuccess = done; });
    const all = opening.result.transaction("perangkat", "readwrite");
    const kept = all.objectStore("perangkat"), asked = kept.getAll();
    asked.onsuccess = () => asked.result.forEach((one) => {
        const block = one.blocks.find((block) => block.service === "KIA");
        one.given.KIA = [];
        for (let n = block.first; n <= block.last - left; n += 1) one.given.KIA.push(n);
        kept.put(one);
    });
    await new Promise((done) => { all.oncomplete = done; });
    opening.result.close();
}"""
"""Has a device know that all but so many of its numbers of KIA are given."""


async def test_a_gate_whose_clock_is_a_day_off_gives_numbers_until_its_lease_is_used_up(
    stack: Stack, browser: Browser
) -> None:
    event, begun = "botram-gerbang-habis", datetime.now(UTC)
    await asyncio.to_thread(planned, stack, event)
    async with opened_alone(browser, 360, NOISE) as page:
        await page.clock.install(time=begun + timedelta(days=1))
        await signed_in(page, stack)
        await gate_of(page, stack, event)
        await page.context.set_offline(True)
        await page.evaluate(NEARLY_OUT, 1)
        number, code = await give(page)
        await next_one(page)
        await page.get_by_role("checkbox", name="Kartu Identitas Anak").check()
        await page.get_by_role("button", name="Ambil nomor").click()
        await expect(page.locator("[data-putusan]")).to_contain_text("sudah habis")
        assert len((await page.evaluate(KEPT, GATES))[1]) == 1, "nothing is given"
        await page.context.set_offline(False)
        await told(page)
        await expect(page.locator("[data-sambungan]")).to_contain_text("Jam perangkat ini salah")
    counted = line(stack, event)
    assert (counted["issued"], counted["waiting"]) == (1, 1)
    found = send(stack, "GET", f"/{event}/arrivals/{code}").json()
    assert [one["label"] for one in found["tickets"]] == [number]
    assert begun <= datetime.fromisoformat(found["arrived_at"]) <= datetime.now(UTC)
    conflicts = seen(stack, event, "conflicts")["conflicts"]
    assert [one["kind"] for one in conflicts] == ["clock"]


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
        devices, stories = await page.evaluate(KEPT, GATES)
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


def seen(stack: Stack, event: str, what: str) -> Any:
    """What a supervisor sees of an event's devices."""
    sent = {"Authorization": f"Bearer {stack.token('rina', 'supervisor:botram:32.16')}"}
    url = f"{stack.url('scheduler')}/api/events/{event}/{what}"
    return httpx.get(url, headers=sent, timeout=60).raise_for_status().json()


def standing(stack: Stack, event: str, codes: Sequence[str]) -> dict[str, tuple[str, str | None]]:
    """How the one ticket of each code stands, and at which booth, by its number."""
    found = [send(stack, "GET", f"/{event}/arrivals/{code}").json()["tickets"] for code in codes]
    return {one["label"]: (one["state"], one["booth_id"]) for [one] in found}


async def test_a_booth_that_is_revoked_without_uplink_tells_whom_it_served_by_the_next_account(
    stack: Stack, browser: Browser
) -> None:
    """What it did counts, but for whom another booth has called since; what it leased is gone."""
    event = "botram-gerai-dicabut"
    await asyncio.to_thread(two_booths, stack, event)
    codes = [arrive(stack, "KIA", event_id=event)["code"] for _ in range(12)]
    async with (
        opened_alone(browser, 1280, NOISE) as admin,
        opened_alone(browser, 360, NOISE) as page,
    ):
        await admin_at(admin, stack, "gerai-admin", "1280")
        account = await with_account(page, stack, admin, "gerai-siti")
        await booth_of(page, stack, event, "gerai-1", held=4)
        await page.context.set_offline(True)
        called = [await call_here(page, 3)]
        await serve_here(page)
        called.append(await call_here(page, 2))
        await revoked(admin, account)
        await out(page, stack, f"{stack.url('scheduler')}/api/events/{event}")
        await asyncio.to_thread(
            eventually, lambda: [one["ended"] for one in seen(stack, event, "leases")], ["revoked"]
        )
        # It does not know yet: it serves, and calls one more. Whom it held is free for the others.
        await serve_here(page)
        called.append(await call_here(page, 1))
        elsewhere = await asyncio.to_thread(call, stack, "gerai-2", event)
        assert elsewhere["label"] == called[0]
        await page.context.set_offline(False)
        await expect(page.locator("[data-sambungan=revoked]")).to_be_visible(timeout=PATIENCE)
        rows = page.locator("[data-daftar] li")
        await expect(rows).to_have_count(3)
        for number in called:
            await expect(rows.filter(has_text=f"{number}, ")).to_contain_text(
                "Hak perangkat ini dicabut sebelum panggilan ini sampai di kantor"
            )
        await looked(page, "loket-dicabut-360")
        devices, stories = await page.evaluate(KEPT, BOOTHS)
        assert [(one["held"], one["ended"]) for one in devices] == [([], "dicabut")]
        assert len(stories) == 3
        await page.get_by_role("button", name="Panggil berikutnya").click()
        await expect(page.locator("[data-salah]")).to_contain_text("Hak perangkat ini dicabut")
        before = line(stack, event)
        assert (before["served"], before["waiting"]) == (0, 11), "nothing was told by it"

        await with_account(page, stack, admin, "gerai-budi")
        await page.goto(f"{stack.origin('scheduler')}/scheduler/loket/{event}/gerai-1")
        await expect(rows.filter(has_text=f"{called[0]}, ")).to_contain_text(
            "Gerai lain juga memanggil nomor ini", timeout=PATIENCE
        )
        await expect(rows.filter(has_text=f"{called[1]}, ")).to_contain_text(
            "Dicatat sesudah masa pakai perangkat ini habis"
        )
        await booth_told(page)
        await expect(page.locator("[data-angka]")).to_have_text(called[2])
        await serve_here(page)
        await looked(page, "loket-sesudah-dicabut-360")
    counted = line(stack, event)
    assert (counted["issued"], counted["served"], counted["waiting"]) == (12, 2, 9)
    stand = standing(stack, event, codes)
    assert len(stand) == 12
    assert [stand[number] for number in called] == [
        ("called", "gerai-2"),
        ("served", "gerai-1"),
        ("served", "gerai-1"),
    ]
    assert {one["kind"] for one in seen(stack, event, "conflicts")["conflicts"]} == {
        "called_twice",
        "after_lease",
    }


async def test_two_booths_serve_twelve_without_uplink_and_one_is_killed_in_mid_call(
    stack: Stack, browser: Browser, tmp_path: Path
) -> None:
    event, profile = "botram-gerai-putus-dua", tmp_path / "profil"
    await asyncio.to_thread(two_booths, stack, event)
    codes = [arrive(stack, "KIA", event_id=event)["code"] for _ in range(18)]
    called: dict[str, list[str]] = {"gerai-1": [], "gerai-2": []}
    async with opened_alone(browser, 1280, NOISE) as other:
        await signed_in(other, stack)
        await booth_of(other, stack, event, "gerai-2")
        async with profile_of(browser, profile) as page:
            await signed_in(page, stack)
            await booth_of(page, stack, event, "gerai-1")
            await page.context.set_offline(True)
            await other.context.set_offline(True)
            await expect(page.locator("[data-sambungan=without]")).to_contain_text(
                "Tanpa sambungan sejak pukul"
            )
            for left in (5, 4):
                called["gerai-1"].append(await call_here(page, left))
                await serve_here(page)
            called["gerai-1"].append(await call_here(page, 3))
            await kill(page, profile)
        async with profile_of(browser, profile, offline=True) as page:
            await page.goto(f"{stack.origin('scheduler')}/scheduler/loket/{event}/gerai-1")
            await expect(page.locator("[data-sambungan=without]")).to_contain_text("Masih 3 orang")
            await expect(page.locator("[data-angka]")).to_have_text(called["gerai-1"][-1])
            await serve_here(page)
            for left in (2, 1, 0):
                called["gerai-1"].append(await call_here(page, left))
                await serve_here(page)
            for left in range(HELD - 1, -1, -1):
                called["gerai-2"].append(await call_here(other, left))
                await serve_here(other)
            await page.get_by_role("button", name="Panggil berikutnya").click()
            await expect(page.locator("[data-salah]")).to_contain_text("Tidak ada lagi")
            await looked(page, "loket-tanpa-sambungan-360")
            assert line(stack, event)["served"] == 0
            # Whoever's browser died signs in again: his cookie was his session's.
            await signed_in(page, stack)
            await page.context.set_offline(False)
            await other.context.set_offline(False)
            await booth_told(page)
            await booth_told(other)
            await expect(page.locator('[data-dilayani="KIA"]')).to_have_text("12")
    numbers = [*called["gerai-1"], *called["gerai-2"]]
    assert len(set(numbers)) == len(numbers) == 2 * HELD
    counted = line(stack, event)
    assert (counted["served"], counted["waiting"]) == (12, 6)
    tickets = [
        send(stack, "GET", f"/{event}/arrivals/{code}").json()["tickets"][0] for code in codes
    ]
    served = {one["label"]: one["booth_id"] for one in tickets if one["state"] == "served"}
    assert served == {number: booth for booth, all_ in called.items() for number in all_}
    assert [one["state"] for one in tickets].count("waiting") == 6
    for booth, all_ in called.items():
        assert current(stack, event, booth)["label"] == all_[-1]
    board = f"{stack.origin('scheduler')}/scheduler/papan/{event}"
    async with opened_alone(browser, 1280, NOISE) as screen:
        await screen.goto(board)
        for all_ in called.values():
            await expect(screen.locator("main")).to_contain_text(all_[-1])


async def test_a_booth_without_uplink_holds_takes_back_and_shows_what_was_refused(
    stack: Stack, browser: Browser
) -> None:
    event = "botram-gerai-ditolak"
    await asyncio.to_thread(two_booths, stack, event)
    codes = [arrive(stack, "KIA", event_id=event)["code"] for _ in range(6)]
    async with opened_alone(browser, 1280, NOISE) as page:
        await signed_in(page, stack)
        await booth_of(page, stack, event, "gerai-1", held=2)
        second = await page.context.new_page()
        await booth_of(second, stack, event, "gerai-1", held=2)
        await page.context.set_offline(True)
        first, told_of = await call_here(page, 1), page.locator("[data-pesan]")
        for button, said in (
            ("Panggil ulang", "dipanggil ulang"),
            ("Tahan sementara", "ditahan"),
            ("Lanjutkan", "dilanjutkan"),
            ("Selesai dilayani", "selesai dilayani"),
            ("Batalkan", "sudah dibatalkan"),
        ):
            await page.get_by_role("button", name=button).first.click()
            await expect(told_of).to_contain_text(said)
        await expect(page.locator("[data-keadaan]")).to_contain_text("Sedang dilayani")
        other = await call_here(second, 0)
        assert other != first
        await second.get_by_role("button", name="Batalkan").click()
        await expect(second.locator('[data-dipegang="1"]')).to_be_visible()
        assert await call_here(second, 0) == other
        await second.close()

        async def refuse(route: Any) -> None:
            entries = [one["entry_id"] for one in route.request.post_data_json["called"]]
            answer = {"outcome": "refused", "reason": "unknown_ticket", "conflicts": []}
            await route.fulfill(json=[{"entry_id": one, **answer} for one in entries])

        await page.route("**/stories", refuse)
        await page.context.set_offline(False)
        rows = page.locator("[data-daftar] li")
        await expect(rows).to_have_count(2, timeout=PATIENCE)
        await expect(rows.first).to_contain_text("gerbang belum mengirimnya")
        await expect(rows.filter(has_text=f"{first}, ")).to_contain_text("Sedang dilayani")
        await looked(page, "loket-perlu-dilihat-1280")
        await page.unroute("**/stories")
        for left in (1, 0):
            await rows.first.get_by_role("button", name="Kirim lagi").click()
            await expect(rows).to_have_count(left, timeout=PATIENCE)
        await booth_told(page)
    assert line(stack, event)["waiting"] == 4
    assert current(stack, event, "gerai-1")["label"] == other
    stand = standing(stack, event, codes)
    assert (stand[first], stand[other]) == (("serving", "gerai-1"), ("called", "gerai-1"))
