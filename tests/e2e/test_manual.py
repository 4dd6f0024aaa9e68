"""The manual in a real browser: found from every page, read by phone, light."""

from contextlib import AbstractAsyncContextManager

import httpx
import pytest
from playwright.async_api import Browser, Page, expect

from deploy.local.stack import Stack
from services.intake.pages.manual.chapters import shipped_book
from tests.e2e.browser_kit import LARGEST, looked_at, opened_alone, stack_without

pytestmark = pytest.mark.browser


stack = stack_without()


def opened(browser: Browser, width: int) -> AbstractAsyncContextManager[Page]:
    """A page whose console says no more than what a browser thinks of the form to sign in."""
    return opened_alone(browser, width, r"\[DOM\] Password forms should have")


@pytest.mark.parametrize("width", [360, 1280])
async def test_a_resident_and_an_officer_find_their_chapters(
    stack: Stack, browser: Browser, width: int
) -> None:
    origin = stack.origin("intake")
    async with opened(browser, width) as page:
        await page.goto(f"{origin}/scheduler/loket")
        await page.get_by_role("link", name="Bantuan: petunjuk pemakaian").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Petunjuk")
        await looked_at(page, f"petunjuk-{width}")
        await page.get_by_role("link", name="Melacak permohonan").click()
        await looked_at(page, f"petunjuk-lacak-{width}")
        await page.get_by_role("link", name="Lacak permohonan").last.click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Lacak permohonan")
        await page.goto(f"{origin}/intake/petunjuk/operator-meja")
        await expect(page.get_by_role("img", name="Gambar halaman")).to_have_js_property(
            "complete", value=True
        )
        await looked_at(page, f"petunjuk-meja-{width}")
        await page.goto(f"{origin}/intake/petunjuk/admin-perintah")
        await expect(page.locator("pre").nth(1)).to_contain_text("docker compose run")
        await looked_at(page, f"petunjuk-perintah-{width}")
        await page.goto(f"{origin}/intake/petunjuk/operator-loket")
        await looked_at(page, f"petunjuk-loket-{width}")
        await page.goto(f"{origin}/intake/petunjuk/katalog/botram")
        await expect(page.get_by_text("Biaya: Gratis")).to_be_visible()
        await looked_at(page, f"petunjuk-katalog-{width}")
        await page.locator("summary").first.click()
        waived = page.get_by_text("Petugas mengisi formulir bersama pemohon").first
        await expect(waived).to_be_visible()
        await looked_at(page, f"petunjuk-katalog-berkas-{width}")


async def test_every_chapter_is_light_with_its_pictures(stack: Stack) -> None:
    async with httpx.AsyncClient(base_url=stack.origin("intake"), timeout=30) as http:
        for chapter in shipped_book().chapters:
            page = await http.get(f"/intake/petunjuk/{chapter.name}")
            size = len(page.content)
            for part in page.text.split('"'):
                if part.startswith("/intake/static/"):
                    size += int((await http.get(part)).headers["content-length"])
            assert size < LARGEST, chapter.name
