"""The office's own pages in a real browser: requests written down, a history, a school's list."""

from collections import Counter
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from playwright.async_api import Browser, Page, expect

from deploy.local.stack import Stack
from tests.e2e.browser_kit import looked_at, opened_alone, stack_without
from tests.e2e.test_account_pages import SMALL
from tests.e2e.test_accounts import admin_at, send, sign_in, use_link

pytestmark = pytest.mark.browser

NOISE: Final = r"status of (401|409|422)|\[DOM\] Password forms should have"
OPERATOR: Final = "operator:dik_jamila:63.11"
IMPORTER: Final = "importer:botram:32.16"
PAMOR: Final = "operator:halo_pamor:32.75"
MOTHER, CHILD, DEAD = "Ibu Contoh", "Bayi Contoh", "Almarhum Contoh"
ROWS: Final = """Tanggal;Jam;Jenis Dokumen;Kecamatan
11/03/2023;09.15;Kartu Keluarga;Setu
11/03/2023;09.{minute};Kartu Identitas Anak;Setu
11/03/2023;09.20;Paspor;Setu
"""
"""Of three rows one names a document that the programme does not have."""
LIST: Final = """nama;tanggal_lahir;nama_wali;persetujuan
Ani Contoh;1 Mei 2016;Siti Contoh;ya
Budi Contoh;{born};;ya
Cici Contoh;2-5-2016;;tidak
"""


stack = stack_without("courier", "reporting", "scheduler")


@pytest.mark.parametrize("width", [360, 1280])
async def test_a_birth_and_a_death_are_written_down_by_keyboard(
    stack: Stack, browser: Browser, width: int
) -> None:
    async with opened_alone(browser, 1280, NOISE) as admin, at(browser, width) as page:
        await officer(stack, admin, page, f"catat-{width}")
        before = Counter(await recorded(stack))
        await page.goto(f"{stack.origin('intake')}/intake/catat")
        await look(page, f"catat-pilih-{width}")
        await page.get_by_role("link", name="Catat Dik Jamila").press("Enter")
        await birth(page)
        await look(page, f"catat-isian-{width}")
        await page.keyboard.press("Control+Enter")
        await expect(page.get_by_text("Kode pelacakan:").filter(visible=True)).to_have_count(2)
        await look(page, f"catat-tanda-{width}")
        await page.keyboard.press("Enter")
        await death(page)
        await page.keyboard.press("Control+Enter")
        await expect(page.get_by_text("Akta Kematian untuk")).to_be_visible()
        cases = await recorded(stack)
    new = sorted((Counter(cases) - before).elements())
    assert new == ["BIRTH_CERT", "DEATH_CERT", "KK", "KK"]


def at(browser: Browser, width: int) -> Any:
    return opened_alone(browser, width, NOISE)


async def officer(stack: Stack, admin: Page, page: Page, login: str, grant: str = OPERATOR) -> None:
    """Invite somebody, as an operator of Dik Jamila if nothing else is said, who signs in."""
    await admin_at(admin, stack, f"{login}-admin", "1280")
    body = {"login": login, "grants": [grant]}
    made = await send(admin, "POST", "/intake/api/accounts", body)
    await use_link(page, stack, made["body"]["code"])
    await sign_in(page, login, None)
    await page.wait_for_url(f"{stack.origin('intake')}/")


async def look(page: Page, name: str) -> None:
    await looked_at(page, name)
    assert await page.evaluate(SMALL) == []


async def birth(page: Page) -> None:
    """Type a mother and her newborn, and all that belongs to a birth."""
    await expect(page.get_by_label("Nama lengkap")).to_be_focused()
    await page.keyboard.type(MOTHER)
    await page.keyboard.press("Alt+o")
    await page.keyboard.type(CHILD)
    await page.get_by_label("Layanan").select_option(label="Kelahiran")
    await page.get_by_label("Untuk siapa").select_option(label=f"2. {CHILD}")
    await page.get_by_label("Orang tua atau wali anak").select_option(label=f"1. {MOTHER}")
    await page.get_by_label("Kecamatan tempat tinggal").select_option(index=0)


async def death(page: Page) -> None:
    """Type who reports a death, and of whom."""
    await expect(page.get_by_label("Nama lengkap")).to_be_focused()
    await page.keyboard.type(MOTHER)
    await page.keyboard.press("Alt+o")
    await page.keyboard.type(DEAD)
    await page.get_by_label("Layanan").select_option(label="Kematian")
    await page.get_by_label("Untuk siapa").select_option(label=f"2. {DEAD}")
    # A death needs who reports it, so the form has opened that part by itself.
    await page.get_by_label("Pelapor peristiwa").select_option(label=f"1. {MOTHER}")


async def recorded(stack: Stack) -> list[str]:
    """Return the services of all requests that the office has."""
    headers = {"Authorization": f"Bearer {stack.token('kantor', OPERATOR)}"}
    url = f"{stack.url('intake')}/api/requests?programme_id=dik_jamila"
    async with httpx.AsyncClient(timeout=30) as client:
        found = (await client.get(url, headers=headers)).raise_for_status().json()
    return [str(one["service"]) for one in found["items"]]


@pytest.mark.parametrize("width", [360, 1280])
async def test_a_small_history_is_checked_and_brought_in(
    stack: Stack, browser: Browser, width: int, tmp_path: Path
) -> None:
    file = tmp_path / "riwayat.csv"
    # Of each width a file of its own: the same one again is known.
    file.write_text(ROWS.format(minute=17 if width == 360 else 18), "utf-8")
    async with (
        opened_alone(browser, 1280, NOISE) as admin,
        opened_alone(browser, width, NOISE) as page,
    ):
        await officer(stack, admin, page, f"riwayat-{width}", IMPORTER)
        await page.goto(f"{stack.origin('intake')}/intake/riwayat")
        await look(page, f"riwayat-pilih-{width}")
        await page.get_by_role("link", name="Buka BOTRAM").press("Enter")
        await page.get_by_label("Berkas CSV atau XLSX").set_input_files(file)
        await page.get_by_role("button", name="Periksa berkas").press("Enter")
        await expect(page.get_by_text("Isi kode acaranya").first).to_be_visible()
        await page.get_by_label("Riwayat ini tanpa acara").check()
        await page.get_by_role("button", name="Periksa berkas").press("Enter")
        summary = page.get_by_text("3 baris: 2 akan diterima, 1 akan ditolak.")
        await expect(summary).to_be_visible()
        await expect(page.get_by_text("Program tidak melayani dokumen")).to_be_visible()
        await look(page, f"riwayat-periksa-{width}")
        await page.get_by_role("button", name="Masukkan sekarang").press("Enter")
        await expect(page.get_by_text("Selesai: 2 baris diterima, 1 ditolak.")).to_be_visible()
        async with page.expect_download() as fetched:
            await page.get_by_role("link", name="Unduh daftar penolakan").click()
        report = (await (await fetched.value).path()).read_text("utf-8-sig")
        await look(page, f"riwayat-selesai-{width}")
    assert len(report.splitlines()) == 2
    assert "Paspor" not in report


@pytest.mark.parametrize("width", [360, 1280])
async def test_a_class_is_checked_put_right_recorded_and_printed(
    stack: Stack, browser: Browser, width: int, tmp_path: Path
) -> None:
    file = tmp_path / "kelas.csv"
    file.write_text(LIST.format(born="31-02-2016"), "utf-8")
    async with (
        opened_alone(browser, 1280, NOISE) as admin,
        opened_alone(browser, width, NOISE) as page,
    ):
        await officer(stack, admin, page, f"siswa-{width}", PAMOR)
        await page.goto(f"{stack.origin('intake')}/intake/daftar-siswa")
        await look(page, f"siswa-pilih-{width}")
        await page.get_by_role("link", name="HALO PAMOR eopen").press("Enter")
        await look(page, f"siswa-isian-{width}")
        await page.get_by_label("Berkas daftar").set_input_files(file)
        await page.get_by_role("button", name="Periksa daftar").press("Enter")
        await expect(page.get_by_text("Baris 3, kolom tanggal_lahir")).to_be_visible()
        await look(page, f"siswa-salah-{width}")
        # Of each width a list of its own: the same one again is known.
        file.write_text(LIST.format(born=f"{width % 28 + 1}-2-2016"), "utf-8")
        await page.get_by_label("Berkas daftar").set_input_files(file)
        await page.get_by_role("button", name="Periksa daftar").press("Enter")
        await look(page, f"siswa-periksa-{width}")
        await page.get_by_role("button", name="Catat 2 permohonan").press("Enter")
        await expect(page.get_by_text("2 permohonan dicatat.")).to_be_visible()
        await expect(page.get_by_role("heading", name="Budi Contoh")).to_be_visible()
        await expect(page.get_by_text("Cici Contoh")).to_have_count(0)
        await look(page, f"siswa-slip-{width}")
