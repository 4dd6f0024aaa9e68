"""Requests written down at the office, in a real browser: a birth, a death, one asked twice."""

from collections import Counter
from collections.abc import AsyncIterator
from typing import Any, Final

import httpx
import pytest
from playwright.async_api import Browser, Page, expect

from deploy.local.servers import Servers
from deploy.local.stack import Stack
from tests.e2e.browser_kit import looked_at, opened_alone, whole_stack
from tests.e2e.test_account_pages import SMALL
from tests.e2e.test_accounts import admin_at, send, sign_in, use_link

pytestmark = pytest.mark.browser

NOISE: Final = r"status of (401|409|422)|\[DOM\] Password forms should have"
OPERATOR: Final = "operator:dik_jamila:63.11"
MOTHER, CHILD, DEAD = "Ibu Contoh", "Bayi Contoh", "Almarhum Contoh"


@pytest.fixture(scope="module")
async def stack(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    without = ("courier", "reporting", "scheduler")
    folder = tmp_path_factory.mktemp("catat")
    async with whole_stack(servers, folder, without=without) as running:
        yield running


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
