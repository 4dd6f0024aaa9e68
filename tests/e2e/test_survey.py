"""The satisfaction survey in a real browser: a resident's page, paper at the desk, the figures."""

import asyncio
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Any, Final

import httpx
import pytest
from playwright.async_api import Browser, Page, expect

from deploy.local.stack import Stack
from shared.contracts.envelope import new_id
from tests.component.intake.kit import at_event
from tests.e2e.browser_kit import LARGEST, looked_at, opened_alone, stack_without
from tests.e2e.test_account_pages import SMALL

pytestmark = pytest.mark.browser

OPERATOR: Final = "operator:botram:32.16"
OWN: Final = "Tahukah Anda kapan dokumen Anda selesai?"
"""The question that BOTRAM asks besides."""
THANKS: Final = "Terima kasih. Jawaban survei Anda sudah kami terima."
TURNS: Final = 60
"""Half seconds until a figure has to be counted."""


stack = stack_without("courier", "scheduler")


def opened(browser: Browser, width: int) -> AbstractAsyncContextManager[Page]:
    return opened_alone(browser, width, r"status of (401|422)|\[DOM\] Password forms should have")


async def look(page: Page, name: str, width: int) -> None:
    """Look at a page, and find that a finger hits everything on it."""
    await looked_at(page, f"{name}-{width}")
    assert await page.evaluate(SMALL) == []


async def closed(stack: Stack) -> dict[str, Any]:
    """Have a request recorded, and ended."""
    body = at_event(event_id=None, service="KK", variant="KK_CHANGE")
    token = stack.token("tester", OPERATOR)
    api = f"{stack.url('intake')}/api/requests"
    async with httpx.AsyncClient(timeout=30) as client:

        async def post(address: str, sent: dict[str, Any]) -> httpx.Response:
            headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": new_id()}
            return (await client.post(address, json=sent, headers=headers)).raise_for_status()

        recorded: dict[str, Any] = (await post(api, body)).json()
        await post(f"{api}/{recorded['case_id']}/steps", {"step": "cancel"})
    return recorded


async def signed_in(page: Page, stack: Stack, path: str, grant: str) -> None:
    """Open a page as somebody with a token of this grant."""
    await page.goto(f"{stack.origin('intake')}{path}")
    await page.locator("summary").click()
    await page.get_by_label("Tempel token Anda").fill(stack.token("siti", grant))
    await page.get_by_role("button", name="Masuk dengan token").click()
    await page.wait_for_url(f"**{path}")


async def choose(page: Page, question: str, answer: str) -> None:
    """Choose an answer to the question that begins like this."""
    await page.get_by_role("group", name=question).get_by_label(answer).check()


async def answer(page: Page, stack: Stack, width: int) -> None:
    """A resident answers once, after a form that holds nothing."""
    recorded = await closed(stack)
    await page.goto(f"{stack.origin('intake')}/intake/lacak")
    await page.get_by_label("Kode permohonan").fill(recorded["tracking_code"])
    await page.get_by_role("button", name="Lihat", exact=True).click()
    await look(page, "survei-lacak", width)
    await page.get_by_role("button", name="Isi survei").click()
    await expect(page.locator("h1")).to_have_text("Survei kepuasan")
    await look(page, "survei-isi", width)
    assert len((await page.content()).encode()) < LARGEST
    await page.get_by_role("button", name="Kirim jawaban").press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("Belum ada yang dijawab.")
    await look(page, "survei-salah", width)
    await page.get_by_role("alert").get_by_role("link").click()
    await expect(page.get_by_role("radio").first).to_be_focused()
    await page.keyboard.press("Space")
    for number in range(2, 10):
        await page.locator(f'input[name="n-U{number}"][value="4"]').check()
    await choose(page, OWN, "4. Tahu dengan pasti")
    await page.get_by_label("Komentar atau saran").fill("Antre lama, petugas ramah")
    await page.get_by_role("button", name="Kirim jawaban").click()
    await expect(page.get_by_role("status")).to_have_text(THANKS)
    await expect(page.get_by_role("button", name="Isi survei")).to_have_count(0)
    await look(page, "survei-selesai", width)


async def enter(page: Page, stack: Stack, width: int) -> None:
    """An operator enters a paper, and reads no score afterwards."""
    case_id = (await closed(stack))["case_id"]
    await signed_in(page, stack, f"/intake/meja/{case_id}", OPERATOR)
    await page.get_by_role("link", name="Catat jawaban dari kertas").click()
    await look(page, "survei-kertas", width)
    await choose(page, "Waktu:", "1. Tidak baik")
    await page.get_by_label("Komentar atau saran").fill("Ditulis di kertas")
    await page.get_by_role("button", name="Catat jawaban").click()
    await expect(page.get_by_role("status")).to_contain_text("sudah dicatat")
    await expect(page.get_by_text("Ditulis di kertas")).to_be_visible()
    await expect(page.get_by_text("1. Tidak baik")).to_have_count(0)
    await look(page, "survei-meja", width)


async def read(page: Page, stack: Stack, width: int, surveys: int) -> None:
    """The head of the office reads what they come to, once both are counted."""
    path = f"/reporting/kepuasan?program=botram&tahun={datetime.now(UTC).year}"
    await signed_in(page, stack, path, "head:*:*")
    figure = page.locator(".figures li", has_text="survei diisi").locator("strong")
    for _ in range(TURNS):
        if await figure.count() and await figure.inner_text() == str(surveys):
            break
        await asyncio.sleep(0.5)
        await page.reload()
    await expect(figure).to_have_text(str(surveys))
    row = page.get_by_role("row", name="Waktu penyelesaian")
    await expect(row.get_by_role("cell").last).to_have_text("2,50")
    await expect(page.get_by_role("row", name=OWN)).to_be_visible()
    # U1 is 1, U3 the mean of 4 and 1, all others 4: (1 + 2,5 + 7 * 4) / 9 * 25.
    await expect(page.locator(".figures li", has_text="IKM").locator("strong")).to_have_text(
        "87,50"
    )
    await look(page, "survei-angka", width)


async def test_a_survey_is_answered_entered_and_read_at_every_width(
    stack: Stack, browser: Browser
) -> None:
    for surveys, width in ((2, 360), (4, 1280)):
        async with opened(browser, width) as resident:
            await answer(resident, stack, width)
        async with opened(browser, width) as desk:
            await enter(desk, stack, width)
        async with opened(browser, width) as head:
            await read(head, stack, width, surveys)
