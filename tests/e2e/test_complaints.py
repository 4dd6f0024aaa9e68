"""Complaints in a real browser: written without a name, answered at the desk, opened again."""

from typing import Final

import pytest
from playwright.async_api import Browser, Page, expect

from deploy.local.stack import Stack
from tests.e2e.browser_kit import stack_without
from tests.e2e.test_account_pages import opened
from tests.e2e.test_office import look, officer

pytestmark = pytest.mark.browser

TEXT: Final = "Pesan saya belum dijawab sejak Senin"
ANSWER: Final = "Sudah kami jawab hari ini"


stack = stack_without("courier", "reporting", "scheduler")


@pytest.mark.parametrize("width", [360, 1280])
async def test_a_complaint_without_a_name_is_answered_and_opened_again(
    stack: Stack, browser: Browser, width: int
) -> None:
    async with (
        opened(browser) as admin,
        opened(browser, width) as desk,
        opened(browser, width) as resident,
    ):
        await officer(stack, admin, desk, f"aduan-{width}")
        code = await complained(stack, resident, width)
        await answered(stack, desk, width)
        await followed(stack, resident, code, width)
        await desk.goto(f"{stack.origin('intake')}/intake/pengaduan-masuk")
        await expect(desk.get_by_text("Dibuka kembali").first).to_be_visible()


async def complained(stack: Stack, page: Page, width: int) -> str:
    """Write a complaint, a wrong one first; return its code."""
    await page.goto(f"{stack.origin('intake')}/intake/pengaduan")
    await page.get_by_role("button", name="Kirim pengaduan").press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("Pilih jenis pengaduan.")
    await look(page, f"pengaduan-salah-{width}")
    await page.get_by_role("radio", name="Dik Jamila").check()
    await page.get_by_role("radio", name="Keluhan pelayanan").check()
    await page.get_by_label("Isi pengaduan").fill(TEXT)
    await page.get_by_role("radio", name="Tanpa nama").check()
    await page.get_by_role("button", name="Kirim pengaduan").press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text(
        "Pengaduan Anda sudah kami terima"
    )
    await look(page, f"pengaduan-kode-{width}")
    return str(await page.locator("dd.large").inner_text())


async def answered(stack: Stack, page: Page, width: int) -> None:
    """Take the complaint that came last, and answer it."""
    await page.goto(f"{stack.origin('intake')}/intake/pengaduan-masuk")
    await look(page, f"pengaduan-masuk-{width}")
    await page.locator(".cards a").last.press("Enter")
    await expect(page.get_by_text(TEXT)).to_be_visible()
    await page.get_by_role("button", name="Kerjakan").press("Enter")
    await page.get_by_label("Jawaban", exact=True).fill(ANSWER)
    await look(page, f"pengaduan-jawab-{width}")
    await page.get_by_role("button", name="Kirim jawaban").press("Enter")
    await expect(page.get_by_text("Jawaban terkirim.")).to_be_visible()


async def followed(stack: Stack, page: Page, code: str, width: int) -> None:
    """Read the answer by the code, rate it, and open the complaint again."""
    await page.goto(f"{stack.origin('intake')}/intake/pengaduan/lacak")
    await page.get_by_label("Kode pengaduan").fill(code)
    await page.get_by_role("button", name="Lihat pengaduan").press("Enter")
    await expect(page.get_by_text(ANSWER)).to_be_visible()
    await look(page, f"pengaduan-jawaban-{width}")
    await page.get_by_role("radio", name="Kurang puas").check()
    await page.get_by_role("button", name="Kirim nilai").press("Enter")
    await expect(page.get_by_text("Terima kasih atas nilai Anda.")).to_be_visible()
    await page.get_by_text("Belum puas? Buka kembali").click()
    await page.get_by_label("Apa yang belum terjawab?").fill("Masih belum")
    await page.get_by_role("button", name="Buka kembali").press("Enter")
    await expect(page.get_by_text("Pengaduan dibuka kembali.")).to_be_visible()
    await look(page, f"pengaduan-lacak-{width}")
