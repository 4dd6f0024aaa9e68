"""A school's list by page, in a real browser, by keyboard: put right, recorded, printed."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest
from playwright.async_api import Browser, expect

from deploy.local.servers import Servers
from deploy.local.stack import Stack
from tests.e2e.browser_kit import opened_alone, whole_stack
from tests.e2e.test_record import NOISE, look, officer

pytestmark = pytest.mark.browser

OPERATOR: Final = "operator:halo_pamor:32.75"
LIST: Final = """nama;tanggal_lahir;nama_wali;persetujuan
Ani Contoh;1 Mei 2016;Siti Contoh;ya
Budi Contoh;{born};;ya
Cici Contoh;2-5-2016;;tidak
"""


@pytest.fixture(scope="module")
async def stack(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    without = ("courier", "reporting", "scheduler")
    folder = tmp_path_factory.mktemp("siswa")
    async with whole_stack(servers, folder, without=without) as running:
        yield running


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
        await officer(stack, admin, page, f"siswa-{width}", OPERATOR)
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
