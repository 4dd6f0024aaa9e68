"""The desk in a real browser: two officers take, look, return and work a case to its end."""

import asyncio
import re
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from playwright.async_api import Browser, Page, expect

from deploy.local.stack import Stack
from shared.contracts.envelope import new_id
from tests.component.intake.kit import at_home
from tests.e2e.browser_kit import LARGEST, looked_at, opened_alone, stack_without
from tests.e2e.test_account_pages import SMALL, age_sign_in
from tests.e2e.test_accounts import admin_at, send, sign_in, use_link
from tests.integration.test_revocation import PASSWORD
from tests.unit.files.letters import card
from tests.unit.files.samples import image
from tests.unit.intake.sample import NIK

pytestmark = pytest.mark.browser

OPERATOR: Final = "operator:halo_pamor:32.75"
MASKED: Final = f"{NIK[:4]}********{NIK[-4:]}"
CARD: Final = {"service": "KK", "variant": "KK_CHANGE"}


stack = stack_without()


def opened(browser: Browser, width: int = 1280) -> AbstractAsyncContextManager[Page]:
    """A browser of somebody's own, in which no script fails; refusals it notes by itself."""
    return opened_alone(
        browser, width, r"status of (401|409|415|422)|\[DOM\] Password forms should have"
    )


async def looked(page: Page, name: str, width: int) -> None:
    """Look at a page, and find that a finger hits everything on it."""
    await looked_at(page, f"{name}-{width}")
    assert await page.evaluate(SMALL) == []


async def record(stack: Stack, **changed: Any) -> dict[str, Any]:
    """Have a request recorded, without a door so that the document is fetched."""
    body = at_home(pick_up=False, deliver=False, rw=None, **CARD, **changed)
    headers = {
        "Authorization": f"Bearer {stack.token('tester', OPERATOR)}",
        "Idempotency-Key": new_id(),
    }
    address = f"{stack.url('intake')}/api/requests"
    async with httpx.AsyncClient(timeout=30) as client:
        answer = await client.post(address, json=body, headers=headers)
    recorded: dict[str, Any] = answer.raise_for_status().json()
    return recorded


async def officers(stack: Stack, admin: Page, *pages: tuple[Page, str]) -> None:
    """Invite people as operators, and have each sign in in a browser of his own."""
    for page, login in pages:
        body = {"login": login, "grants": [OPERATOR]}
        made = await send(admin, "POST", "/intake/api/accounts", body)
        await use_link(page, stack, made["body"]["code"])
        await sign_in(page, login, None)
        await page.wait_for_url(f"{stack.origin('intake')}/")


async def fold(page: Page, title: str) -> None:
    """Open one of the page's folds."""
    await page.locator("summary", has_text=title).first.click()


@dataclass(frozen=True)
class Office:
    """The browsers of two officers and a resident, at one width, and the case they are about."""

    stack: Stack
    page: Page
    second: Page
    resident: Page
    width: int
    recorded: dict[str, Any]
    folder: Path

    @property
    def desk(self) -> str:
        """The address of the queues."""
        return f"{self.stack.origin('intake')}/intake/meja"

    @property
    def case(self) -> str:
        """The address of the case's page."""
        return f"{self.desk}/{self.recorded['case_id']}"

    async def look(self, page: Page, name: str) -> None:
        """Take a picture, and find that a finger hits everything on it."""
        await looked(page, name, self.width)


async def take(office: Office) -> None:
    """One takes the oldest, the other reads why it is not his and gets the one behind it."""
    page, second = office.page, office.second
    await page.get_by_role("link", name="Meja kerja").last.click()
    await expect(page.locator("h1")).to_have_text("Meja kerja")
    await expect(page.get_by_text("Siti Contoh")).to_have_count(0)
    await office.look(page, "meja")
    await fold(page, "Pilih program")
    await office.look(page, "meja-pilih")
    await page.get_by_role("button", name="Ambil berikutnya").click()
    await page.wait_for_url(office.case)
    await expect(page.get_by_text("Anda mengerjakan permohonan ini sampai")).to_be_visible()
    await expect(page.get_by_text(MASKED)).to_be_visible()
    await office.look(page, "meja-permohonan")
    await second.goto(office.case)
    await expect(second.get_by_text("Petugas lain mengerjakan")).to_be_visible()
    await expect(second.get_by_role("button", name="Nyatakan berkas lengkap")).to_have_count(0)
    await office.look(second, "meja-petugas-lain")
    await second.goto(office.desk)
    await second.get_by_role("button", name="Ambil berikutnya").click()
    await second.wait_for_url(f"{office.desk}/*")
    assert second.url != office.case
    await second.get_by_role("button", name="Lepaskan permohonan ini").click()
    await expect(second.get_by_text("Permohonan sudah dilepaskan")).to_be_visible()


async def unmask(office: Office) -> None:
    """Numbers are shown once, with a reason and the password."""
    page = office.page
    await fold(page, "Tampilkan NIK")
    await page.get_by_label("Alasan menampilkan").fill("Mencocokkan dengan kartu di loket")
    await age_sign_in(page, office.stack)
    await page.get_by_role("button", name="Tampilkan", exact=True).click()
    await page.get_by_label("Kata sandi").fill(PASSWORD)
    await page.get_by_role("button", name="Lanjutkan").click()
    await expect(page.get_by_text(NIK)).to_be_visible()
    await office.look(page, "meja-nomor")
    await page.goto(office.case)
    await expect(page.get_by_text(MASKED)).to_be_visible()
    await expect(page.get_by_text(NIK, exact=True)).to_have_count(0)


async def somebody_more(office: Office) -> None:
    """A proxy is named, warned of until his F-1.07 was seen, and that is noted without a file."""
    page, warning = office.page, office.page.get_by_text("surat kuasa (F-1.07) belum dilihat")
    await fold(page, "Sebutkan orang lain")
    await page.get_by_label("Sebagai", exact=True).select_option("proxy")
    await page.get_by_label("NIK (").fill("123")
    await page.get_by_role("button", name="Simpan orang ini").click()
    await page.get_by_role("link", name="Nama belum benar").click()
    await expect(page.get_by_label("Nama", exact=True)).to_be_focused()
    await office.look(page, "meja-orang-salah")
    await page.get_by_label("Nama", exact=True).fill("Kuasa Contoh")
    await page.get_by_label("NIK (").fill("")
    await page.get_by_role("button", name="Simpan orang ini").click()
    await expect(page.get_by_text("Orang itu sudah disebut")).to_be_visible()
    await expect(warning).to_be_visible()
    card = page.get_by_role("listitem").filter(has_text="Surat kuasa F-1.07")
    await card.get_by_role("button", name="Berkas ini sudah saya lihat").click()
    await expect(card.get_by_text("Sudah dilihat")).to_be_visible()
    await expect(warning).to_have_count(0)
    await office.look(page, "meja-dilihat")


async def send_back(office: Office) -> None:
    """The case is returned for one paper, and its resident reads for which and why."""
    page, resident = office.page, office.resident
    await fold(page, "Kembalikan untuk diperbaiki")
    await page.get_by_role("button", name="Kembalikan kepada warga").click()
    await page.get_by_role("link", name="Belum ada yang dipilih").click()
    await office.look(page, "meja-kembalikan-salah")
    await page.get_by_label("Kartu Keluarga yang lama.").select_option(index=2)
    await page.get_by_role("button", name="Kembalikan kepada warga").click()
    await expect(page.get_by_text("Permohonan sudah dikembalikan")).to_be_visible()
    await office.look(page, "meja-dikembalikan")
    await resident.goto(f"{office.stack.origin('intake')}/intake/lacak")
    await resident.get_by_label("Kode permohonan").fill(office.recorded["tracking_code"])
    await resident.get_by_role("button", name="Lihat").click()
    await expect(resident.get_by_text("Fotonya tidak terbaca")).to_be_visible()
    await office.look(resident, "lacak-diperbaiki")


async def send_papers(office: Office, photo: Path, note: Path) -> None:
    """A wrong file is refused in words; the right one brings the case back and can be saved."""
    page = office.page
    await fold(page, "Tambah berkas")
    await page.get_by_label("Jenis berkas").select_option(label="Kartu Keluarga (KK)")
    await page.get_by_label("Berkas", exact=True).set_input_files(note)
    await page.get_by_role("button", name="Kirim berkas").click()
    said = page.get_by_role("status").filter(has_text="Jenis berkas ini tidak dapat diterima")
    await expect(said).to_be_visible(timeout=60_000)
    await office.look(page, "meja-berkas-salah")
    await page.get_by_label("Berkas", exact=True).set_input_files(photo)
    await page.get_by_role("button", name="Kirim berkas").click()
    await expect(page.get_by_text("Berkas sudah diterima")).to_be_visible(timeout=60_000)
    await expect(page.get_by_text("Perlu diperbaiki")).to_have_count(0)
    await office.look(page, "meja-berkas")
    async with page.expect_download() as saving:
        await page.locator("a[download]").first.click()
    assert (await saving.value).suggested_filename.endswith(".jpg")


async def finish(office: Office) -> None:
    """The case is worked to its end, and the other one cancelled: the queue is empty."""
    page, second = office.page, office.second
    for button in ("Nyatakan berkas lengkap", "Catat dokumen terbit", "Catat dokumen diserahkan"):
        await page.get_by_role("button", name=button).click()
        await expect(page.get_by_text("Langkah sudah dicatat")).to_be_visible()
    await expect(page.get_by_text("Permohonan ditutup")).to_be_visible()
    await expect(page.locator("main form")).to_have_count(1)
    await office.look(page, "meja-selesai")
    await second.get_by_role("button", name="Ambil permohonan ini").click()
    await fold(second, "Batalkan permohonan")
    await office.look(second, "meja-batalkan")
    await second.get_by_role("button", name="Ya, batalkan").click()
    await expect(second.get_by_text("Langkah sudah dicatat")).to_be_visible()
    await second.goto(office.desk)
    await expect(second.get_by_text("Tidak ada permohonan di antrean ini")).to_be_visible()
    await office.look(second, "meja-kosong")


@pytest.mark.parametrize("width", [360, 1280])
async def test_from_the_queue_to_the_end(
    stack: Stack, browser: Browser, width: int, tmp_path: Path
) -> None:
    photo, note = tmp_path / "kk.jpg", tmp_path / "catatan.txt"
    await asyncio.to_thread(photo.write_bytes, image())
    await asyncio.to_thread(note.write_text, "bukan foto")
    async with (
        opened(browser) as admin,
        opened(browser, width) as page,
        opened(browser, width) as second,
        opened(browser, width) as resident,
    ):
        await admin_at(admin, stack, f"meja-admin-{width}", "1280")
        people = (page, f"meja-satu-{width}"), (second, f"meja-dua-{width}")
        await officers(stack, admin, *people)
        office = Office(stack, page, second, resident, width, await record(stack), tmp_path)
        await record(stack)
        await take(office)
        await unmask(office)
        await somebody_more(office)
        await send_back(office)
        await send_papers(office, photo, note)
        await finish(office)


async def send_document(office: Office, name: str, result: str) -> None:
    """Send an issued document from the case's page, and read what was found of it."""
    page, file = office.page, office.folder / f"{name}.pdf"
    await asyncio.to_thread(file.write_bytes, card(name, NIK))
    send = page.locator("summary", has_text=re.compile("Kirim dokumen terbit|Ganti dokumen"))
    await send.click()
    await page.get_by_label("Dokumen", exact=True).set_input_files(file)
    await page.get_by_role("button", name="Kirim dan periksa").click()
    said = page.get_by_role("status").filter(has_text="Dokumen sudah diterima dan diperiksa")
    await expect(said).to_be_visible(timeout=60_000)
    await expect(page.locator(".state", has_text=re.compile(f"[!✓] {result}$"))).to_be_visible()


async def second_word(office: Office) -> None:
    """Another officer reads what differs, and says why it is right all the same."""
    second = office.second
    await second.goto(office.case)
    await expect(
        second.get_by_role("listitem").filter(has_text=re.compile("^nama$"))
    ).to_be_visible()
    await fold(second, "Pastikan dokumen ini benar")
    await second.get_by_role("button", name="Ya, dokumen ini benar").click()
    await expect(second.locator(".errors")).to_be_visible()
    await office.look(second, "dokumen-pastikan")
    await second.get_by_label("Mengapa dokumen ini benar").select_option(value="spelled_otherwise")
    await second.get_by_label("Penjelasan").fill("Sesuai register")
    await second.get_by_role("button", name="Ya, dokumen ini benar").click()
    await expect(second.get_by_text("Dicatat: dokumen ini benar")).to_be_visible()
    await office.look(second, "dokumen-dipastikan")


@pytest.mark.parametrize("width", [360, 1280])
async def test_the_wrong_document_is_said_and_a_second_person_decides(
    stack: Stack, browser: Browser, width: int, tmp_path: Path
) -> None:
    async with (
        opened(browser) as admin,
        opened(browser, width) as page,
        opened(browser, width) as second,
    ):
        await admin_at(admin, stack, f"dokumen-admin-{width}", "1280")
        people = (page, f"dokumen-satu-{width}"), (second, f"dokumen-dua-{width}")
        await officers(stack, admin, *people)
        office = Office(stack, page, second, page, width, await record(stack), tmp_path)
        await page.goto(office.case)
        await fold(page, "Kirim dokumen terbit")
        await page.get_by_label("Nomor KK yang harus tertulis").fill("123")
        await page.get_by_role("button", name="Kirim dan periksa").click()
        none = page.get_by_role("status").filter(has_text="Belum ada berkas yang dipilih")
        await expect(none).to_be_visible()
        await office.look(page, "dokumen-kirim")
        await page.reload()
        await send_document(office, "Siti Contah", "Tidak sesuai")
        await office.look(page, "dokumen-tidak-sesuai")
        await page.get_by_role("button", name="Catat dokumen terbit").click()
        await expect(page.locator(".errors")).to_contain_text("tidak sama dengan permohonan")
        await send_document(office, "Siti Contoh", "Sesuai")
        await office.look(page, "dokumen-sesuai")
        await send_document(office, "Siti Contoha", "Tidak sesuai")
        await second_word(office)
        await page.goto(office.case)
        await page.get_by_role("button", name="Catat dokumen terbit").click()
        await expect(page.get_by_text("Langkah sudah dicatat")).to_be_visible()


async def test_without_a_script_the_page_says_what_cannot_be_done_and_all_else_works(
    stack: Stack, browser: Browser
) -> None:
    case_id = (await record(stack))["case_id"]
    address = f"{stack.origin('intake')}/intake/meja/{case_id}"
    context = await browser.new_context(java_script_enabled=False)
    token = stack.token("tester", OPERATOR)
    await context.add_cookies([{"name": "jemput_token", "value": token, "url": address}])
    page = await context.new_page()
    await page.goto(address)
    await fold(page, "Tambah berkas")
    await fold(page, "Kirim dokumen terbit")
    await expect(page.get_by_role("button", name="Kirim dan periksa")).to_have_count(0)
    await expect(page.get_by_text("memerlukan JavaScript").first).to_be_visible()
    await expect(page.get_by_role("button", name="Kirim berkas")).to_have_count(0)
    await page.get_by_role("button", name="Nyatakan berkas lengkap").click()
    await expect(page.get_by_text("Langkah sudah dicatat")).to_be_visible()
    await context.close()


async def test_the_first_load_of_the_desk_is_light(stack: Stack, browser: Browser) -> None:
    case_id = (await record(stack))["case_id"]
    origin = stack.origin("intake")
    context = await browser.new_context()
    token = stack.token("tester", OPERATOR)
    await context.add_cookies([{"name": "jemput_token", "value": token, "url": origin}])
    page = await context.new_page()
    for path in ("meja", f"meja/{case_id}"):
        await page.goto(f"{origin}/intake/{path}")
        parts = await page.evaluate(
            """() => performance.getEntriesByType("resource").map((one) => one.name)"""
        )
        got = [await (await page.request.get(one)).body() for one in {page.url, *parts}]
        assert sum(len(one) for one in got) < LARGEST, path
    await context.close()
