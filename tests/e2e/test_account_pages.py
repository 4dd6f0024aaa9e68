"""Pages of accounts in a real browser: asked, approved, invited; devices ended; fresh sign-ins."""

import asyncio
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Final

import jwt
import pytest
from playwright.async_api import Browser, Locator, Page, expect

from deploy.compose.make_secrets import SESSION_KEY
from deploy.local.stack import Stack
from shared.auth.keys import load_private
from shared.auth.roles import Grant
from shared.auth.tokens import Issuer
from shared.runtime.start import utc_now
from tests.e2e.browser_kit import LARGEST, looked_at, opened_alone, stack_without
from tests.e2e.test_accounts import admin_at, cookie, sign_in, use_link
from tests.integration.authenticator import next_code
from tests.integration.test_revocation import PASSWORD, first_admin

pytestmark = pytest.mark.browser

SMALL: Final = """() => [...document.querySelectorAll("button, input, select, summary")]
    .filter((one) => one.closest("main") && one.type !== "hidden" && one.offsetParent)
    .filter((one) => one.getBoundingClientRect().height < 44)
    .map((one) => one.outerHTML)"""
"""What a finger would miss: less than 44 px high."""


stack = stack_without()


def opened(browser: Browser, width: int = 1280) -> AbstractAsyncContextManager[Page]:
    """A browser of somebody's own, in which no script fails; refusals it notes by itself."""
    return opened_alone(
        browser, width, r"status of (401|409|422)|\[DOM\] Password forms should have"
    )


async def looked(page: Page, name: str, width: int) -> None:
    """Look at a page, and find that a finger hits everything on it."""
    await looked_at(page, f"{name}-{width}")
    small = await page.evaluate(SMALL)
    assert small == []


async def link_of(page: Page) -> str:
    """The code of the link that a page shows."""
    return (await page.locator("[data-link]").inner_text()).partition("#")[2]


async def invite(page: Page, origin: str, login: str, role: str) -> None:
    """Fill in the form of an invitation and send it."""
    await page.goto(f"{origin}/intake/akun/baru")
    await page.get_by_label("Nama masuk").fill(login)
    await page.get_by_label(role, exact=False).first.check()
    await page.get_by_label("Program", exact=True).select_option(label="Semua program")
    await page.get_by_role("textbox", name="Wilayah").fill("*")
    await page.get_by_role("button", name="Undang").click()


async def age_sign_in(page: Page, stack: Stack) -> None:
    """Have this browser's token say that the sign-in was eleven minutes ago."""
    held = await cookie(page.context, "jemput_token")
    claims = jwt.decode(held["value"], options={"verify_signature": False})
    key = await asyncio.to_thread(load_private, stack.folder / "secrets" / SESSION_KEY)
    token = Issuer(key, utc_now).issue(
        claims["sub"],
        [Grant.parse(grant) for grant in claims["grants"]],
        timedelta(minutes=10),
        session=claims["sid"],
        signed_in_at=utc_now() - timedelta(minutes=11),
    )
    held["value"] = token
    await page.context.add_cookies([held])


async def tab_to(page: Page, target: Locator) -> None:
    """Press Tab until this has the focus, as somebody without a mouse does."""
    for _ in range(60):
        if await target.evaluate("one => one === document.activeElement"):
            return
        await page.keyboard.press("Tab")
    raise AssertionError("the keyboard does not get there")


@pytest.mark.parametrize("width", [360, 1280])
async def test_asked_approved_invited_and_signed_in(
    stack: Stack, browser: Browser, width: int
) -> None:
    origin = stack.origin("intake")
    async with (
        opened(browser, width) as page,
        opened(browser, width) as second,
        opened(browser, width) as own,
    ):
        await admin_at(page, stack, f"akun-satu-{width}", "1280")
        await admin_at(second, stack, f"akun-dua-{width}", "1280")
        await expect(page.get_by_text("Ada yang berubah pada akun Anda")).to_be_visible()
        await looked(page, "akun-beranda", width)
        await page.get_by_role("button", name="Sudah saya baca").click()
        await page.wait_for_url(f"{origin}/")
        await expect(page.get_by_text("Ada yang berubah pada akun Anda")).to_have_count(0)
        await page.goto(f"{origin}/intake/akun/baru")
        await looked(page, "akun-baru", width)
        await page.get_by_role("textbox", name="Wilayah").fill("Bekasi")
        await page.get_by_role("button", name="Undang").click()
        await page.get_by_role("link", name="Kode wilayah belum benar").click()
        await expect(page.get_by_role("textbox", name="Wilayah")).to_be_focused()
        await looked(page, "akun-baru-salah", width)

        await invite(page, origin, f"audit-{width}", "Auditor")

        await expect(page.locator("h1")).to_have_text("Menunggu persetujuan")
        await looked(page, "akun-menunggu", width)
        await page.goto(f"{origin}/intake/persetujuan")
        await expect(page.get_by_text("Anda yang meminta ini")).to_be_visible()
        await second.goto(f"{origin}/")
        await second.get_by_role("link", name="Menyetujui permintaan tentang akun").click()
        await looked(second, "persetujuan", width)
        await second.get_by_role("button", name=f"Setujui untuk audit-{width}").click()
        await expect(second.locator("h1")).to_have_text("Sudah disetujui")
        await expect(second.get_by_role("img", name="Kode QR")).to_be_visible()
        await looked(second, "akun-tautan", width)
        secret = await use_link(own, stack, await link_of(second), str(width))
        await sign_in(own, f"audit-{width}", secret)
        await own.wait_for_url(f"{origin}/")
        await own.get_by_role("link", name="Melihat catatan keamanan").click()
        await expect(own.locator("h1")).to_have_text("Catatan keamanan")
        await looked(own, "keamanan", width)
        await page.goto(f"{origin}/")
        await expect(page.get_by_text("disetujui")).to_be_visible()
        await page.goto(f"{origin}/intake/akun")
        await expect(page.get_by_role("link", name=f"audit-{width}")).to_be_visible()
        await looked(page, "akun", width)
        await page.get_by_role("link", name=f"audit-{width}").click()
        await looked(page, "akun-satu", width)
        await page.locator("summary", has_text="Ubah hak").click()
        await looked(page, "akun-hak", width)


@pytest.mark.parametrize("width", [360, 1280])
async def test_ones_devices_are_ended_from_another_browser(
    stack: Stack, browser: Browser, width: int
) -> None:
    origin = stack.origin("intake")
    login = f"perangkat-{width}"
    async with (
        opened(browser, width) as page,
        opened(browser, width) as first,
        opened(browser, width) as lost,
    ):
        await admin_at(page, stack, f"akun-tiga-{width}", "1280")
        await invite(page, origin, login, "Operator")
        await use_link(first, stack, await link_of(page))
        await sign_in(first, login, None)
        await first.wait_for_url(f"{origin}/")
        await lost.goto(f"{origin}/masuk")
        await sign_in(lost, login, None)
        await lost.wait_for_url(f"{origin}/")
        await first.get_by_role("link", name="Perangkat saya").first.click()
        await expect(first.get_by_text("✓ Perangkat ini")).to_be_visible()
        await looked(first, "perangkat", width)
        await first.get_by_role("button", name="Akhiri").click()
        await expect(first.get_by_role("status").first).to_contain_text("sudah dikeluarkan")
        await expect(first.get_by_text("Sudah dikeluarkan", exact=False).first).to_be_visible()
        said = lost.get_by_role("alert").get_by_text("Sesi Anda sudah berakhir")
        await expect(said).to_be_visible(timeout=60_000)
        await first.get_by_role("button", name="Keluar dari semua").click()
        await first.wait_for_url(f"{origin}/masuk")
        assert await first.context.cookies() == []


@pytest.mark.parametrize("width", [360, 1280])
async def test_a_change_asks_for_the_password_on_the_spot_by_keyboard_alone(
    stack: Stack, browser: Browser, width: int
) -> None:
    origin = stack.origin("intake")
    async with opened(browser, width) as page:
        link = await asyncio.to_thread(first_admin, stack, f"akun-empat-{width}")
        secret = await use_link(page, stack, link, "1280")
        assert secret is not None
        await sign_in(page, f"akun-empat-{width}", secret)
        await page.wait_for_url(f"{origin}/")
        await page.goto(f"{origin}/intake/akun/baru")
        await age_sign_in(page, stack)
        await tab_to(page, page.get_by_label("Nama masuk"))
        await page.keyboard.type(f"papan-{width}")
        await tab_to(page, page.get_by_label("Operator mencatat"))
        await page.keyboard.press("Space")
        await tab_to(page, page.get_by_role("textbox", name="Wilayah"))
        await page.keyboard.press("Control+A")
        await page.keyboard.type("32.16")
        await page.keyboard.press("Enter")
        await expect(page.locator("h1")).to_have_text("Masukkan kata sandi sekali lagi")
        await looked(page, "bukti", width)
        await tab_to(page, page.get_by_label("Kata sandi"))
        await page.keyboard.type("bukan kata sandi itu")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("link", name="Kata sandi salah")).to_be_visible()
        await looked(page, "bukti-salah", width)
        await tab_to(page, page.get_by_label("Kata sandi"))
        await page.keyboard.type(PASSWORD)
        await tab_to(page, page.get_by_label("Kode 6 angka"))
        await page.keyboard.type(await next_code(secret))
        await page.keyboard.press("Enter")
        await expect(page.locator("h1")).to_have_text("Undangan sudah dibuat")
        await page.goto(f"{origin}/intake/akun")
        await expect(page.get_by_role("link", name=f"papan-{width}")).to_be_visible()
        # Fresh from now on: the next change asks for nothing.
        await page.get_by_role("link", name=f"papan-{width}").click()
        await page.locator("summary", has_text="Nonaktifkan akun").click()
        await page.get_by_role("button", name="Nonaktifkan sekarang").click()
        await expect(page.locator("h1")).to_have_text("Akun sudah dinonaktifkan")


async def test_the_first_load_of_every_page_is_light(stack: Stack, browser: Browser) -> None:
    origin = stack.origin("intake")
    async with opened(browser) as page:
        await admin_at(page, stack, "akun-ringan", "1280")
        for path in ("akun", "akun/baru", "persetujuan", "perangkat", "keamanan"):
            got: list[int] = []
            await page.goto(f"{origin}/intake/{path}")
            parts = await page.evaluate(
                """() => performance.getEntriesByType("resource").map((one) => one.name)"""
            )
            for address in {page.url, *parts}:
                answer = await page.request.get(address)
                got.append(len(await answer.body()))
            assert sum(got) < LARGEST, path
