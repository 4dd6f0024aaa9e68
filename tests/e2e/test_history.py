"""A history is brought in by page: checked, its bad cells named, run, and the refusals fetched."""

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

IMPORTER: Final = "importer:botram:32.16"
ROWS: Final = """Tanggal;Jam;Jenis Dokumen;Kecamatan
11/03/2023;09.15;Kartu Keluarga;Setu
11/03/2023;09.{minute};Kartu Identitas Anak;Setu
11/03/2023;09.20;Paspor;Setu
"""
"""Of three rows one names a document that the programme does not have."""


@pytest.fixture(scope="module")
async def stack(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    without = ("courier", "reporting", "scheduler")
    folder = tmp_path_factory.mktemp("riwayat")
    async with whole_stack(servers, folder, without=without) as running:
        yield running


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
