"""Residents' own pages in a real browser: where to go, asking, sending papers, how it stands."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, FilePayload, Page, expect

from deploy.local.servers import Servers
from deploy.local.stack import Stack
from shared.contracts.envelope import new_id
from tests.component.intake.test_ask import offered
from tests.component.scheduler.floor import event_body
from tests.e2e.browser_kit import LARGEST, looked_at, opened_alone, whole_stack
from tests.e2e.compose_kit import eventually
from tests.e2e.test_front_walk import Office
from tests.integration.intake_kit import until
from tests.unit.files.samples import image

pytestmark = pytest.mark.browser

SOON: date = datetime.now(UTC).date() + timedelta(days=7)
DARING: Mapping[str, Any] = {
    "name": "Daring Contoh",
    "owner": "Disdukcapil Kabupaten Bekasi",
    "region_code": "32.16",
    "time_zone": "Asia/Jakarta",
    "languages": ["id"],
    "channels": ["online"],
    "services": [
        {"code": "KIA", "name": "Kartu Identitas Anak", "deliverable": "card", "child": True},
        {"code": "KK", "name": "Kartu Keluarga", "deliverable": "pdf"},
        {"code": "IKD", "name": "Identitas Digital", "deliverable": "app", "home": False},
    ],
    "standard_working_days": 3,
    "pick_up_and_delivery": False,
}


@pytest.fixture(scope="module")
async def stack(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    async with whole_stack(servers, tmp_path_factory.mktemp("public")) as running:
        await asyncio.to_thread(put, running, "intake", "/api/programmes/daring", DARING)
        path = "/api/programmes/daring/catalogue"
        await asyncio.to_thread(put, running, "intake", path, offered())
        await asyncio.to_thread(planned, running)
        yield running


def put(stack: Stack, service: str, path: str, body: Mapping[str, Any]) -> int:
    """Publish something as somebody who may do all."""
    headers = {
        "Authorization": f"Bearer {stack.token('contoh', 'admin:*:*', 'planner:*:*')}",
        "Idempotency-Key": new_id(),
    }
    url = f"{stack.url(service)}{path}"
    return httpx.put(url, json=body, headers=headers, timeout=60).status_code


def planned(stack: Stack) -> None:
    """Plan an event once scheduler knows its programme, and wait until intake shows it."""
    event = event_body(on=SOON.isoformat(), name="BOTRAM Contoh")
    eventually(lambda: put(stack, "scheduler", "/api/events/botram-contoh", event), 200)
    url = f"{stack.url('intake')}/ke-mana"
    eventually(lambda: httpx.get(url, timeout=30).text.count("BOTRAM Contoh"), 1)


def opened(browser: Browser, width: int) -> AbstractAsyncContextManager[Page]:
    """A page whose console says no more than that something was refused."""
    return opened_alone(browser, width, "status of 4(15|22)")


async def answer(page: Page, button: str = "Lanjut") -> None:
    await page.get_by_role("button", name=button, exact=True).click()


@pytest.mark.parametrize("width", [360, 1280])
async def test_whoever_asks_where_to_go_sees_events_points_and_ways_from_home(
    stack: Stack, browser: Browser, width: int
) -> None:
    origin = stack.origin("intake")
    async with opened(browser, width) as page:
        await page.goto(f"{origin}/")
        await looked_at(page, f"publik-depan-{width}")
        await page.get_by_role("link", name="Ke mana saya bisa pergi?").first.click()
        await expect(page.get_by_text("BOTRAM Contoh")).to_be_visible()
        await looked_at(page, f"publik-ke-mana-{width}")
        await page.get_by_label("Kecamatan Anda").select_option("32.16.18")
        await page.get_by_label("Layanan yang Anda perlukan").select_option("KIA")
        await page.get_by_role("button", name="Tampilkan").click()
        await expect(page.get_by_role("heading", name="Acara di Kecamatan Setu")).to_be_visible()
        await expect(page.get_by_text("Unit layanan adminduk Kecamatan Setu")).to_be_visible()
        await looked_at(page, f"publik-ke-mana-setu-{width}")
        await page.get_by_label("Kecamatan Anda").select_option("32.16.02")
        await page.get_by_role("button", name="Tampilkan").click()
        await expect(page.get_by_text("Belum ada acara yang diumumkan di")).to_be_visible()
        await looked_at(page, f"publik-ke-mana-babelan-{width}")
        await page.goto(f"{origin}/intake/ke-mana?kecamatan=11&layanan=x")
        await looked_at(page, f"publik-ke-mana-salah-{width}")


@pytest.mark.parametrize("width", [360, 1280])
async def test_a_parent_asks_for_a_childs_card_sends_a_paper_and_sees_how_it_stands(
    stack: Stack, browser: Browser, width: int
) -> None:
    async with opened(browser, width) as page:
        await page.goto(f"{stack.origin('intake')}/intake/ajukan")
        await answer(page)
        await expect(page.get_by_role("alert")).to_contain_text("Pilih satu layanan.")
        await looked_at(page, f"publik-ajukan-salah-{width}")
        await page.get_by_role("alert").get_by_role("link").click()
        await expect(page.get_by_role("radio").first).to_be_focused()
        await page.get_by_label("Layanan KIA").check()
        await answer(page)
        await page.get_by_label("Anak", exact=False).first.check()
        await looked_at(page, f"publik-ajukan-untuk-{width}")
        await answer(page)
        await page.get_by_label("Nama lengkap").fill("Anak Contoh")
        await page.get_by_label("NIK").fill("12")
        await answer(page)
        await expect(page.get_by_role("alert")).to_contain_text("NIK terdiri dari 16 angka")
        await looked_at(page, f"publik-ajukan-orang-{width}")
        await page.get_by_label("NIK").fill("")
        await page.get_by_label("Tanggal lahir").fill("1-2-2020")
        await answer(page)
        await page.get_by_label("Nama lengkap").fill("Siti Contoh")
        await page.get_by_label("NIK").fill("3216990101900001")
        await page.get_by_label("Orang tua").check()
        await looked_at(page, f"publik-ajukan-wali-{width}")
        await answer(page)
        await page.get_by_label("Kecamatan").select_option("32.16.18")
        await looked_at(page, f"publik-ajukan-tempat-{width}")
        await answer(page)
        await page.get_by_label("Nomor ponsel Anda").fill("0812 0000 0001")
        await looked_at(page, f"publik-ajukan-hp-{width}")
        await answer(page)
        await looked_at(page, f"publik-ajukan-periksa-{width}")
        await answer(page, "Kirim permohonan")
        await expect(page.get_by_role("heading", level=1)).to_have_text(
            "Permohonan Anda sudah kami terima"
        )
        await looked_at(page, f"publik-ajukan-selesai-{width}")
        await page.emulate_media(media="print")
        await looked_at(page, f"publik-ajukan-cetak-{width}")
        await page.emulate_media(media="screen")
        await send_papers(page, width)
        await page.get_by_role("button", name="Lihat keadaan permohonan").click()
        await expect(page.get_by_text("Yang ditunggu")).to_be_visible()
        await expect(page.get_by_text("Bawa Kartu Keluarga.")).not_to_be_visible()
        await looked_at(page, f"publik-lacak-{width}")
        assert page.url == f"{stack.origin('intake')}/intake/lacak"


async def brought(stack: Stack, width: int) -> tuple[str, str]:
    """Have an agent bring a document home; return the codes of its recipient."""
    office, agent = Office(stack), f"agen-{width}"
    await until(office.programmes_known)
    made = await office.job(agent, f"{width % 1000:03}")
    step = {"step": "issue"}
    await office.send("POST", "intake", f"/api/requests/{made['case_id']}/steps", step)

    async def taken(step: str) -> bool:
        key = {"Idempotency-Key": new_id()}
        headers = {"Authorization": f"Bearer {stack.token(agent, 'agent:*:*')}", **key}
        url = f"{stack.url('courier')}/api/jobs/{made['case_id']}/steps"
        async with httpx.AsyncClient(headers=headers, timeout=60) as http:
            return (await http.post(url, json={"step": step})).is_success

    for one in ("collect_papers", "hand_in_papers", "collect_document", "deliver"):
        await until(partial(taken, one))

    async def awaited() -> bool:
        code = {"code": made["tracking_code"]}
        return bool((await office.send("POST", "intake", "/api/track", code))["awaits_receipt"])

    await until(awaited)
    return made["tracking_code"], made["receipt_code"]


@pytest.mark.parametrize("width", [360, 1280])
async def test_a_recipient_says_that_his_document_came(
    stack: Stack, browser: Browser, width: int
) -> None:
    tracking, receipt = await brought(stack, width)
    async with opened(browser, width) as page:
        await page.goto(f"{stack.origin('intake')}/intake/lacak")
        await page.get_by_label("Kode permohonan").fill(tracking)
        await answer(page, "Lihat")
        await page.get_by_label("Kode penerimaan").fill("0000-0000")
        await answer(page, "Dokumen sudah saya terima")
        await expect(page.get_by_role("alert")).to_contain_text("Kode penerimaan tidak cocok")
        await looked_at(page, f"publik-terima-salah-{width}")
        await page.get_by_label("Kode penerimaan").fill(receipt)
        await answer(page, "Dokumen sudah saya terima")
        await expect(page.get_by_role("status")).to_contain_text("sudah kami catat")
        await expect(page.get_by_label("Kode penerimaan")).to_have_count(0)
        await looked_at(page, f"publik-terima-{width}")


async def send_papers(page: Page, width: int) -> None:
    """Send a file that is none, and then the family card."""
    await page.get_by_role("button", name="Kirim berkas").click()
    await send(page, {"name": "a.txt", "mimeType": "text/plain", "buffer": b"halo"})
    await expect(page.get_by_role("status")).to_contain_text("Jenis berkas ini", timeout=60_000)
    await looked_at(page, f"publik-berkas-salah-{width}")
    await send(page, {"name": "kk.jpg", "mimeType": "image/jpeg", "buffer": image()})
    await expect(page.get_by_role("status")).to_contain_text("Terkirim.", timeout=60_000)
    await expect(page.locator("[data-standing]")).to_have_text("Sudah ada.")
    await looked_at(page, f"publik-berkas-terkirim-{width}")


async def send(page: Page, file: FilePayload) -> None:
    """Choose a file for the family card and send it."""
    form = page.locator("form[data-kind=family_card]")
    await form.locator("input[type=file]").set_input_files(file)
    await form.locator("button").click()


@pytest.mark.parametrize("path", ["/intake/ke-mana", "/intake/ajukan"])
async def test_the_pages_are_light(stack: Stack, path: str) -> None:
    async with httpx.AsyncClient(base_url=stack.origin("intake"), timeout=30) as http:
        page = await http.get(path, headers={"Accept": "text/html"})
        size = len(page.content)
        for part in page.text.split('"'):
            if part.startswith("/intake/static/"):
                size += int((await http.get(part)).headers["content-length"])
    assert size < LARGEST
