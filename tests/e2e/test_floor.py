"""An event's floor in a real browser: gate, booth, screens, and a resident's own place in line."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import httpx
import pytest
from playwright.async_api import Browser, Page, expect

from deploy.local.servers import Servers
from deploy.local.stack import Stack
from shared.contracts.envelope import new_id
from tests.e2e.browser_kit import LARGEST, looked_at, opened_alone, whole_stack
from tests.e2e.compose_kit import eventually
from tests.e2e.test_account_pages import SMALL

pytestmark = pytest.mark.browser

EVENT: Final = "botram-lantai"
SERVICES: Final = ("KIA", "KK", "BIRTH_CERT", "IKD", "KTP_EL_PRINT")
PARTNERS: Final = ("HEALTH_CHECK", "BPJS_HEALTH", "BPJS_EMPLOYMENT", "SIMPEL_SAVINGS", "POSPAY")
BOOTHS: Final = 45
OPERATOR: Final = "operator:botram:32.16"
GATE: Final = f"/scheduler/gerbang/{EVENT}"
BOARD: Final = f"/scheduler/papan/{EVENT}"
PLACE: Final = "/scheduler/nomor"
LOWEST: Final = """() => Math.max(...[...document.querySelectorAll(".gerai-gerai li")].map(
    (one) => one.getBoundingClientRect().bottom))"""
"""Where the lowest booth of a screen ends."""
SECONDS: Final = re.compile(r"masih 1[01][0-9] detik|masih 120 detik")
PATIENCE: Final = 20_000
"""Milliseconds for what a busy machine has to answer."""
WITHIN: Final = 2.0
"""Seconds within which a call stands on every screen."""


def booths() -> list[dict[str, Any]]:
    """Forty-five booths of many agencies; the last one is without tickets."""
    offered = (*SERVICES, *PARTNERS)
    made = [
        {
            "booth_id": f"gerai-{number}",
            "agency": "Disdukcapil Kabupaten Bekasi",
            "services": [offered[number % len(offered)]],
            "ticketed": number < BOOTHS,
        }
        for number in range(1, BOOTHS + 1)
    ]
    made[0]["services"] = ["KIA", "KK"]
    return made


def send(stack: Stack, method: str, path: str, body: Any = None) -> httpx.Response:
    """Ask scheduler with every right that it may need."""
    headers = {
        "Authorization": f"Bearer {stack.token('mesin', 'operator:*:*', 'planner:*:*')}",
        "Idempotency-Key": new_id(),
    }
    url = f"{stack.url('scheduler')}/api/events{path}"
    return httpx.request(method, url, json=body, headers=headers, timeout=60)


def planned(stack: Stack, event_id: str = EVENT) -> None:
    """Plan an event of today that is open all day."""
    body = {
        "programme_id": "botram",
        "name": "BOTRAM Setu",
        "place": "Stadion Mini Desa Cijengkol",
        "region_code": "32.16.18",
        "on": datetime.now(ZoneInfo("Asia/Jakarta")).date().isoformat(),
        "opens": "00:00",
        "closes": "23:59",
        "booths": booths(),
    }
    eventually(lambda: send(stack, "PUT", f"/{event_id}", body).status_code, 200)


def arrive(stack: Stack, *services: str, event_id: str = EVENT) -> dict[str, Any]:
    """Have somebody come through the gate."""
    answer = send(stack, "POST", f"/{event_id}/arrivals", {"services": list(services)})
    found: dict[str, Any] = answer.raise_for_status().json()
    return found


def call(stack: Stack, booth_id: str, event_id: str = EVENT) -> dict[str, Any]:
    """Have a booth call the next."""
    answer = send(stack, "POST", f"/{event_id}/booths/{booth_id}/calls")
    found: dict[str, Any] = answer.raise_for_status().json()["ticket"]
    return found


@pytest.fixture(scope="module")
async def stack(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    folder = tmp_path_factory.mktemp("lantai")
    expect.set_options(timeout=PATIENCE)
    async with whole_stack(servers, folder, without=("courier", "reporting")) as running:
        await asyncio.to_thread(planned, running)
        yield running


async def signed_in(page: Page, stack: Stack, *grants: str) -> None:
    """Let the page be somebody's who has signed in."""
    token = stack.token("petugas", *(grants or (OPERATOR,)))
    origin = stack.origin("scheduler")
    await page.context.add_cookies([{"name": "jemput_token", "value": token, "url": origin}])


async def looked(page: Page, name: str) -> None:
    """Look at a page, and find that a finger hits everything on it."""
    await looked_at(page, name)
    assert await page.evaluate(SMALL) == []


@pytest.mark.parametrize("width", [360, 1280])
async def test_the_gate_gives_a_code_and_numbers_and_shows_them_again(
    stack: Stack, browser: Browser, width: int
) -> None:
    origin = stack.origin("scheduler")
    async with opened_alone(browser, width, "status of (404|422)|ERR_INTERNET") as page:
        await signed_in(page, stack)
        await page.goto(f"{origin}/scheduler/gerbang")
        await looked(page, f"gerbang-acara-{width}")
        await page.get_by_role("link", name="Buka gerbang").first.click()
        await expect(page.locator("[data-menunggu=KIA]")).to_contain_text("menunggu")
        await looked(page, f"gerbang-{width}")
        await page.get_by_role("button", name="Ambil nomor").click()
        await expect(page.locator("[data-putusan]")).to_contain_text(
            "Belum ada layanan yang dipilih"
        )
        await page.get_by_role("checkbox", name="Kartu Identitas Anak").check()
        await page.get_by_role("checkbox", name="Pemeriksaan kesehatan").check()
        await page.get_by_role("checkbox", name="Didahulukan").check()
        await page.get_by_role("button", name="Ambil nomor").dblclick()
        slip = page.locator(".slip")
        await expect(page.locator("[data-putusan]")).to_contain_text("NOMOR DIBERIKAN")
        assert await slip.locator(".slip-angka").count() == 2
        await expect(slip.get_by_role("img")).to_be_visible()
        await expect(slip).to_contain_text("GRATIS")
        await looked(page, f"gerbang-slip-{width}")
        code = (await page.locator("[data-kode]").inner_text()).replace(" ", "")
        given = send(stack, "GET", f"/{EVENT}/arrivals/{code}").json()
        assert given["priority"]
        await page.get_by_role("button", name="Orang berikutnya").click()
        for typed, said in (("K7Q", "salah tulis"), ("K7QW3ZTM", "tidak dikenal")):
            await page.get_by_label("Kode kunjungan").fill(typed)
            await page.get_by_role("button", name="Lihat nomornya").click()
            await expect(page.locator("[data-putusan]")).to_contain_text(said)
        await looked(page, f"gerbang-ditolak-{width}")
        await page.get_by_label("Kode kunjungan").fill(f"{code[:4]} {code[4:]}".lower())
        await page.keyboard.press("Enter")
        await expect(page.locator("[data-putusan]")).to_contain_text("KODE DIKENAL")
        await expect(slip.locator(".slip-daftar li").first).to_contain_text("Menunggu")


async def test_what_the_office_did_not_answer_is_sent_again_and_gives_one_number(
    stack: Stack, browser: Browser
) -> None:
    origin = stack.origin("scheduler")
    async with opened_alone(browser, 360, "ERR_INTERNET|ERR_FAILED|Failed to load") as page:
        await signed_in(page, stack)
        await page.goto(f"{origin}{GATE}")
        before = _issued(stack, "IKD")
        await expect(page.locator("[data-sambungan=connected]")).to_be_visible()
        await _first_answer_lost(page, "**/stories")
        await page.get_by_role("checkbox", name="Identitas Kependudukan Digital").check()
        await page.get_by_role("button", name="Ambil nomor").click()
        await expect(page.locator("[data-putusan]")).to_contain_text("NOMOR DIBERIKAN")
        await page.reload()
        await expect(page.locator('[data-sambungan][data-belum="0"]')).to_be_visible()
        assert _issued(stack, "IKD") == before + 1


async def _first_answer_lost(page: Page, where: str) -> None:
    """Have the office get what is sent there, and its first answer lost on the way."""
    lost = 0

    async def cut(route: Any) -> None:
        nonlocal lost
        lost += 1
        if lost == 1:
            await route.fetch()
            await route.abort()
        else:
            await route.continue_()

    await page.route(where, cut)


def _issued(stack: Stack, service: str) -> int:
    lines = send(stack, "GET", f"/{EVENT}").json()["lines"]
    return int(next(line["issued"] for line in lines if line["service"] == service))


async def test_a_kiosk_leads_nowhere_else(stack: Stack, browser: Browser) -> None:
    async with opened_alone(browser, 1280, "^$") as page:
        await signed_in(page, stack)
        await page.goto(f"{stack.origin('scheduler')}{GATE}?kios=1")
        await expect(page.get_by_role("heading", name="Ambil nomor antrean")).to_be_visible()
        assert await page.locator("header, nav, footer, a[href]:visible").count() == 1
        await looked(page, "gerbang-kios-1280")


@pytest.mark.parametrize("width", [360, 1280])
async def test_a_booth_calls_recalls_lets_go_sends_on_and_takes_back(
    stack: Stack, browser: Browser, width: int
) -> None:
    event = f"botram-gerai-{width}"
    await asyncio.to_thread(planned, stack, event)
    for _ in range(5):
        arrive(stack, "KIA", event_id=event)
    async with opened_alone(browser, width, "^$") as page:
        await signed_in(page, stack)
        await page.goto(f"{stack.origin('scheduler')}/scheduler/loket/{event}/gerai-1")
        number, told = page.locator("[data-angka]"), page.locator("[data-pesan]")
        waiting = page.locator('[data-menunggu="KIA"]')
        await expect(page.locator("[data-live-state]")).to_contain_text("Diperbarui pukul")
        await page.get_by_role("button", name="Panggil berikutnya").dblclick()
        await expect(number).to_have_text(re.compile("^[A-Z]1$"))
        await expect(waiting).to_have_text("4")
        await expect(page.get_by_role("button", name="Batalkan")).to_contain_text(SECONDS)
        await looked(page, f"loket-dipanggil-{width}")
        await page.get_by_role("button", name="Panggil ulang").press("Enter")
        await expect(page.locator("[data-keadaan]")).to_contain_text("Dipanggil ulang")
        await page.get_by_role("button", name="Tahan sementara").press("Enter")
        await expect(page.get_by_role("button", name="Lanjutkan").first).to_be_visible()
        await page.get_by_role("button", name="Batalkan").press("Enter")
        await expect(told).to_have_text("Yang terakhir sudah dibatalkan.")
        await expect(page.locator("[data-keadaan]")).to_contain_text("Dipanggil ulang")
        await page.keyboard.press("Alt+a")
        await expect(told).to_have_text("Tercatat: tidak hadir.")
        await page.keyboard.press("Alt+n")
        await expect(number).to_have_text(re.compile("^[A-Z]2$"))
        await page.get_by_text("Lanjut di gerai atau layanan lain").click()
        await page.get_by_label("Layanan berikutnya").select_option(label="Kartu Keluarga")
        await page.get_by_role("button", name="Pindahkan").press("Enter")
        await expect(told).to_contain_text(re.compile("Nomor barunya [A-Z]1."))
        await expect(page.locator("[data-keadaan]")).to_contain_text("Pindah ke layanan lain")
        await page.keyboard.press("Alt+n")
        await expect(page.locator("[data-sekarang]")).to_contain_text("Kartu Keluarga")
        await page.keyboard.press("Alt+s")
        await expect(told).to_have_text("Tercatat: selesai dilayani.")
        await looked(page, f"loket-selesai-{width}")


async def test_a_call_whose_answer_is_lost_calls_one_number(stack: Stack, browser: Browser) -> None:
    event = "botram-gerai-putus"
    await asyncio.to_thread(planned, stack, event)
    for _ in range(3):
        arrive(stack, "KIA", event_id=event)
    async with opened_alone(browser, 360, "ERR_FAILED|Failed to load") as page:
        await signed_in(page, stack)
        await page.goto(f"{stack.origin('scheduler')}/scheduler/loket/{event}/gerai-1")
        await _first_answer_lost(page, "**/calls")
        await page.get_by_role("button", name="Panggil berikutnya").click()
        await expect(page.locator("[data-salah]")).to_contain_text("Belum terkirim")
        await looked(page, "loket-belum-terkirim-360")
        await expect(page.locator("[data-pesan]")).to_contain_text("sudah dipanggil", timeout=9000)
        await expect(page.locator("[data-angka]")).to_have_text(re.compile("^[A-Z]1$"))
        await expect(page.locator('[data-menunggu="KIA"]')).to_have_text("2")


async def test_a_resident_sees_his_place_by_link_and_by_a_typed_code(
    stack: Stack, browser: Browser
) -> None:
    event = "botram-giliran"
    await asyncio.to_thread(planned, stack, event)
    for _ in range(6):
        arrive(stack, "KIA", event_id=event)
    code = arrive(stack, "KIA", "KK", event_id=event)["code"]
    origin, said = stack.origin("scheduler"), "status of 422"
    async with opened_alone(browser, 360, said) as page:
        call(stack, "gerai-1", event)
        await page.goto(f"{origin}{PLACE}#{code}")
        await expect(page.get_by_text("5 nomor lagi")).to_be_visible()
        await expect(page.get_by_text("Waktunya belum dapat diperkirakan.").first).to_be_visible()
        await expect(page.get_by_text("Berikutnya giliran Anda")).to_be_visible()
        await looked(page, "nomor-360")
        assert await page.evaluate("document.cookie") == ""
    async with opened_alone(browser, 1280, said) as page:
        await page.goto(f"{origin}{PLACE}")
        await looked(page, "nomor-kosong-1280")
        await page.get_by_label("Kode kunjungan").fill("K7QW3ZTM")
        await page.get_by_role("button", name="Lihat giliran").click()
        await expect(page.get_by_role("alert")).to_contain_text("tidak dikenal")
        for _ in range(6):
            call(stack, "gerai-1", event)
        await page.get_by_label("Kode kunjungan").fill(code.lower())
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("Anda dipanggil sekarang")).to_be_visible()
        await looked(page, "nomor-1280")


@pytest.mark.parametrize("width", [1280])
async def test_the_screen_shows_the_last_four_and_all_booths_at_once(
    stack: Stack, browser: Browser, width: int
) -> None:
    event = "botram-papan"
    await asyncio.to_thread(planned, stack, event)
    for service in (*SERVICES, *PARTNERS):
        for _ in range(6):
            arrive(stack, service, event_id=event)
    board = f"{stack.origin('scheduler')}/scheduler/papan/{event}"
    for number in range(2, BOOTHS):
        call(stack, f"gerai-{number}", event)
    async with opened_alone(browser, width, "^$") as page:
        await page.goto(board)
        await expect(page.locator("[data-live-state]")).to_have_text("Terhubung")
        await expect(page.locator(".terakhir li")).to_have_count(4)
        assert await page.locator(".gerai-gerai li").count() == BOOTHS
        await page.get_by_role("button", name="Nyalakan bunyi").click()
        ticket = call(stack, "gerai-1", event)
        first = page.locator(".terakhir li").first
        await expect(first).to_contain_text("Gerai gerai-1", timeout=WITHIN * 1000)
        await expect(first.locator("strong")).to_have_text(ticket["label"])
        await expect(page.locator("[data-berbunyi]")).to_have_count(1)
        await looked(page, f"papan-{width}")
        assert await page.evaluate(LOWEST) <= 800
        await page.goto(f"{board}?gerai=gerai-1")
        await expect(page.locator(".terakhir li").first).to_contain_text(ticket["label"])
        await looked(page, f"papan-gerai-{width}")
    async with opened_alone(browser, 360, "^$") as page:
        await page.goto(board)
        await looked(page, "papan-360")
        parts = await page.evaluate(
            """() => performance.getEntriesByType("resource").map((one) => one.name)"""
        )
        shown = [one for one in {page.url, *parts} if not one.endswith("/arus")]
        sizes = [len(await (await page.request.get(one)).body()) for one in shown]
        assert sum(sizes) < LARGEST


async def test_a_screen_for_each_booth_is_live_at_once(stack: Stack) -> None:
    event = "botram-layar"
    await asyncio.to_thread(planned, stack, event)
    arrive(stack, "KIA", event_id=event)
    path = f"{stack.url('scheduler')}/papan/{event}/arus"
    limits = httpx.Limits(max_connections=100)
    async with httpx.AsyncClient(timeout=30, limits=limits) as http, AsyncExitStack() as screens:
        opened = [
            await screens.enter_async_context(http.stream("GET", path)) for _ in range(BOOTHS)
        ]
        assert {one.status_code for one in opened} == {200}
        shown = [asyncio.create_task(_shows(one, "Gerai gerai-1<")) for one in opened]
        begun = time.monotonic()
        await asyncio.to_thread(call, stack, "gerai-1", event)
        await asyncio.gather(*shown)
        assert time.monotonic() - begun < WITHIN


async def _shows(answer: httpx.Response, wanted: str) -> None:
    async for line in answer.aiter_lines():
        if "terakhir-gerai" in line and wanted in line:
            return
    raise AssertionError("the stream ended")
