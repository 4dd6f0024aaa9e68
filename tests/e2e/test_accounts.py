"""People with accounts in a real browser: from the link to the end of the session, everywhere."""

import asyncio
from contextlib import AbstractAsyncContextManager
from typing import Any, Final

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from deploy.local.stack import Stack
from shared.auth.proof import token_hash
from tests.e2e.browser_kit import looked_at, opened_alone, stack_without
from tests.integration.authenticator import next_code
from tests.integration.intake_kit import until
from tests.integration.test_revocation import ASKED, PASSWORD, first_admin

pytestmark = pytest.mark.browser

OPERATOR: Final = ("operator:*:*", "head:*:*")
SESSION: Final = "/intake/api/session"
SIGNED: Final = """async ({address, hash}) => {
    const text = (raw) => btoa(String.fromCharCode(...new Uint8Array(raw)))
        .replace(/\\+/g, "-").replace(/\\//g, "_").replace(/=+$/, "");
    const part = (what) => text(new TextEncoder().encode(JSON.stringify(what)));
    const pair = await crypto.subtle.generateKey(
        {name: "ECDSA", namedCurve: "P-256"}, false, ["sign"]);
    const {kty, crv, x, y} = await crypto.subtle.exportKey("jwk", pair.publicKey);
    const said = part({typ: "dpop+jwt", alg: "ES256", jwk: {kty, crv, x, y}}) + "." + part({
        htm: "POST", htu: location.origin + address, iat: Math.floor(Date.now() / 1000),
        jti: crypto.randomUUID(), ath: hash});
    const sign = await crypto.subtle.sign(
        {name: "ECDSA", hash: "SHA-256"}, pair.privateKey, new TextEncoder().encode(said));
    const answer = await fetch(
        address, {method: "POST", headers: {DPoP: said + "." + text(sign)}});
    return {status: answer.status, body: await answer.json()};
}"""
"""A refresh as whoever copied a cookie would send it: with a key of his own."""
SENT: Final = """async ([method, address, body]) => {
    const answer = await fetch(address, {method, body: body && JSON.stringify(body), headers: {
        "Content-Type": "application/json", "Idempotency-Key": crypto.randomUUID()}});
    const text = await answer.text();
    return {status: answer.status, body: text ? JSON.parse(text) : null};
}"""


stack = stack_without()


def opened(browser: Browser, width: int = 1280) -> AbstractAsyncContextManager[Page]:
    """A browser of somebody's own, in which no script fails; refusals it notes by itself."""
    # Chromium would like to see a name beside a first password; a link's page does not know it.
    return opened_alone(
        browser, width, r"status of (401|409|422)|\[DOM\] Password forms should have"
    )


async def send(page: Page, method: str, address: str, body: Any = None) -> Any:
    """Send what a page of ours sends."""
    return await page.evaluate(SENT, [method, address, body])


async def use_link(page: Page, stack: Stack, link: str, shots: str = "") -> str | None:
    """Do what the link's page asks for; the secret of the second factor."""
    await page.goto(f"{stack.origin('intake')}/masuk/undangan#{link}")
    field = page.get_by_label("Kata sandi baru")
    await field.fill("pendek")
    await page.get_by_role("button", name="Simpan kata sandi").click()
    await expect(page.get_by_role("link", name="Panjang kata sandi harus")).to_be_visible()
    if shots:
        await looked_at(page, f"undangan-salah-{shots}")
    await field.fill(PASSWORD)
    await page.get_by_role("button", name="Simpan kata sandi").click()
    if not shots:
        await page.wait_for_url("**/masuk?alasan=siap")
        return None
    await expect(page.get_by_role("img", name="Kode QR")).to_be_visible()
    assert await page.locator("[data-qr]").evaluate("one => one.complete && one.naturalWidth > 0")
    await looked_at(page, f"undangan-kode-{shots}")
    secret = (await page.locator("[data-secret]").inner_text()).replace(" ", "")
    await page.get_by_label("Kode 6 angka").fill(await next_code(secret))
    await page.get_by_role("button", name="Selesai").click()
    await page.wait_for_url("**/masuk?alasan=siap")
    await expect(page.get_by_text("Kata sandi Anda sudah tersimpan")).to_be_visible()
    assert link not in page.url
    return secret


async def sign_in(page: Page, login: str, secret: str | None, shots: str = "") -> None:
    """Do what the sign-in page asks for."""
    button = page.get_by_role("button", name="Masuk", exact=True)
    await page.get_by_label("Nama masuk").fill(login)
    if shots:
        await page.get_by_label("Kata sandi", exact=True).fill("bukan kata sandi itu")
        await button.click()
        await expect(page.get_by_role("link", name="Nama masuk atau kata sandi")).to_be_visible()
        await looked_at(page, f"masuk-salah-{shots}")
    await page.get_by_label("Kata sandi", exact=True).fill(PASSWORD)
    await button.click()
    if secret is not None:
        await expect(page.get_by_label("Kode 6 angka")).to_be_focused()
        if shots:
            await looked_at(page, f"masuk-kode-{shots}")
        await page.get_by_label("Kode 6 angka").fill(await next_code(secret))
        await page.get_by_role("button", name="Lanjut").click()


async def admin_at(page: Page, stack: Stack, login: str, shots: str) -> None:
    """Have somebody become admin by the command, and sign in."""
    link = await asyncio.to_thread(first_admin, stack, login)
    secret = await use_link(page, stack, link, shots)
    await sign_in(page, login, secret, shots)
    await page.wait_for_url(f"{stack.origin('intake')}/")


async def invite(page: Page, login: str) -> tuple[str, str]:
    """Invite somebody as the admin whose page this is; account and link."""
    made = await send(
        page, "POST", "/intake/api/accounts", {"login": login, "grants": list(OPERATOR)}
    )
    assert made["status"] == 201, made
    return made["body"]["account_id"], made["body"]["code"]


async def cookie(context: BrowserContext, name: str) -> Any:
    """A cookie of this browser."""
    return next(one for one in await context.cookies() if one["name"] == name)


@pytest.mark.parametrize("width", [360, 1280])
async def test_from_the_command_to_a_sign_out_that_ends_all(
    stack: Stack, browser: Browser, width: int
) -> None:
    origin = stack.origin("intake")
    places = [f"{origin}/{name}{path}" for name, path in ASKED.items()]
    async with opened(browser, width) as page, opened(browser, width) as own:
        await admin_at(page, stack, f"kepala-{width}", str(width))
        _, link = await invite(page, f"siti-{width}")
        await use_link(own, stack, link)
        await own.goto(f"{origin}/reporting/acara")
        assert own.url == f"{origin}/masuk?lanjut=%2Freporting%2Facara"
        await sign_in(own, f"siti-{width}", None)
        await own.wait_for_url(f"{origin}/reporting/acara")
        kept = await own.context.cookies()
        token = (await cookie(own.context, "jemput_token"))["value"]
        assert {one["path"] for one in kept} == {"/", SESSION}
        for place in places:
            assert (await own.request.get(place)).status == 200, place
        # A key that no script can read out, in this browser's own store.
        assert await own.evaluate("JemputSesi.refresh(true)") == "fresh"
        assert (await cookie(own.context, "jemput_token"))["value"] != token
        token = (await cookie(own.context, "jemput_token"))["value"]
        # The token is gone, as after ten minutes without a page: the session goes on by itself.
        await own.context.clear_cookies(name="jemput_token")
        await own.goto(f"{origin}/reporting/acara")
        await own.wait_for_url(f"{origin}/reporting/acara")
        token = (await cookie(own.context, "jemput_token"))["value"]
        await own.get_by_role("button", name="Keluar").click()
        await own.wait_for_url(f"{origin}/masuk")
        await expect(own.get_by_label("Nama masuk")).to_be_visible()
        assert await own.context.cookies() == []
        headers = {"Authorization": f"Bearer {token}"}
        for place in places:

            async def refused(place: str = place) -> bool:
                return (await own.request.get(place, headers=headers)).status == 401

            await until(refused)


async def test_a_copied_refresh_cookie_is_refused_and_recorded(
    stack: Stack, browser: Browser
) -> None:
    origin = stack.origin("intake")
    async with opened(browser) as page, opened(browser) as own, opened(browser) as thief:
        await admin_at(page, stack, "kepala-tamu", "1280")
        account, link = await invite(page, "tono")
        await use_link(own, stack, link)
        await sign_in(own, "tono", None)
        await own.wait_for_url(f"{origin}/")
        copied = await cookie(own.context, "jemput_refresh")
        await thief.context.add_cookies([copied])
        await thief.goto(f"{origin}/")
        asked = {"address": f"{SESSION}/refresh", "hash": token_hash(copied["value"])}
        answer = await thief.evaluate(SIGNED, asked)
        assert (answer["status"], answer["body"]["reason"]) == (401, "refresh_elsewhere")
        found = await send(page, "GET", "/intake/api/security-records")
        assert (account, "refresh_elsewhere") in {
            (one["account_id"], one["sign"]) for one in found["body"]
        }


async def test_a_disabled_accounts_open_page_says_so_within_a_minute(
    stack: Stack, browser: Browser
) -> None:
    origin = stack.origin("intake")
    async with opened(browser) as page, opened(browser, 360) as own:
        await admin_at(page, stack, "kepala-tutup", "1280")
        account, link = await invite(page, "wati")
        await use_link(own, stack, link)
        await sign_in(own, "wati", None)
        await own.wait_for_url(f"{origin}/")
        await own.goto(f"{origin}/reporting/acara")
        shut = await send(page, "POST", f"/intake/api/accounts/{account}/disable")
        assert shut["status"] == 200, shut
        said = own.get_by_role("alert").get_by_text("Sesi Anda sudah berakhir")
        await expect(said).to_be_visible(timeout=60_000)
        await looked_at(own, "sesi-berakhir-360")
        await own.get_by_role("link", name="Masuk lagi").click()
        await sign_in(own, "wati", None)
        await expect(own.get_by_role("link", name="Nama masuk atau kata sandi")).to_be_visible()
