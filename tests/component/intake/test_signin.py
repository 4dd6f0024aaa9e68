"""One sign-in for the whole origin: it leads nowhere else, and the cookie is out of reach."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.app import definition
from services.intake.pages.signin import (
    INVITATION,
    INVITATION_REFUSALS,
    MAX_ADDRESS,
    REFUSALS,
    safe_address,
)
from services.intake.store import COLLECTIONS
from shared.testing.callers import HOST
from shared.testing.messaging import MemoryMessaging, memory_messaging
from shared.web.session import STATE
from tests.component.intake.kit import desk, settings
from tests.component.intake.people import PASSWORD, Browser, linked, person

HTML = {"Accept": "text/html"}
OURS = {**HTML, "Origin": HOST}

EVIL = [
    "//evil.test",
    "///evil.test",
    "/\\evil.test",
    "\\\\evil.test",
    "\\evil.test",
    "/\t/evil.test",
    "/\n/evil.test",
    "\t//evil.test",
    " //evil.test",
    "https://evil.test/",
    "http:evil.test",
    "HTTPS://evil.test",
    "javascript:alert(1)",
    "data:text/html,x",
    "evil.test",
    "",
    "?lanjut=x",
    "/ok\r\nSet-Cookie: a=b",
    "/\u2028/evil.test",
    "/" + "a" * MAX_ADDRESS,
]
GOOD = [
    "/",
    "/reporting/acara/botram-2023-03-11-setu",
    "/?bulan=3&desa=a%20b",
    "/a//b",
    "/a?x=//y",
    "/a#b",
]


@pytest.mark.parametrize("address", EVIL)
def test_no_address_leads_away(address: str) -> None:
    assert safe_address(address) == "/"


@pytest.mark.parametrize("address", GOOD)
def test_addresses_of_ours_are_kept(address: str) -> None:
    assert safe_address(address) == address


@given(st.text(alphabet="/\\ab:?#@.%\t\n\r \x00", max_size=12))
def test_whatever_is_kept_begins_with_one_slash(address: str) -> None:
    kept = safe_address(address)
    assert kept.startswith("/")
    assert kept[1:2] not in {"/", "\\"}
    assert kept.isprintable()


@dataclass(frozen=True)
class Door:
    """Intake's front door, at the root of the origin."""

    messaging: MemoryMessaging
    client: httpx.AsyncClient

    def token(self) -> str:
        """A token that is valid for an hour."""
        return self.messaging.token("operator", "botram", "32.16")

    async def see(self, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
        """Open a page."""
        return await self.client.get(HOST + path, headers=headers or HTML)

    async def send(self, path: str, headers: dict[str, str] | None = None, **form: Any) -> Any:
        """Send a form of ours, unless the headers say otherwise."""
        return await self.client.post(HOST + path, data=form, headers=headers or OURS)


@asynccontextmanager
async def front_door(*, secure: bool = False) -> AsyncIterator[Door]:
    with settings() as given_settings:
        async with (
            memory_messaging("intake", collections=COLLECTIONS) as messaging,
            messaging.client(definition(given_settings), secure_cookies=secure) as client,
        ):
            yield Door(messaging, client)


async def test_the_page_asks_for_a_token_and_remembers_the_way() -> None:
    async with front_door() as door:
        answer = await door.see("/masuk?lanjut=/reporting/acara%3Fx%3D1")
    assert answer.status_code == 200
    assert "Tempel token Anda" in answer.text
    assert '<input type="hidden" name="lanjut" value="/reporting/acara?x=1">' in answer.text
    assert "Sesi Anda sudah berakhir" not in answer.text


@pytest.mark.parametrize("address", EVIL)
async def test_neither_the_form_nor_the_redirect_leads_away(address: str) -> None:
    async with front_door() as door:
        page = await door.client.get(f"{HOST}/masuk", params={"lanjut": address}, headers=HTML)
        assert 'name="lanjut" value="/"' in page.text
        answer = await door.send("/masuk", token=door.token(), lanjut=address)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/"


@pytest.mark.parametrize("secure", [False, True])
async def test_a_good_token_becomes_a_cookie_of_the_whole_origin_out_of_reach(
    *, secure: bool
) -> None:
    async with front_door(secure=secure) as door:
        token = door.token()
        pasted = f"  {token[:30]}\n {token[30:]}\r\n"
        answer = await door.send("/masuk", token=pasted, lanjut="/reporting/acara")
    assert (answer.status_code, answer.headers["location"]) == (303, "/reporting/acara")
    name = "__Host-jemput_token" if secure else "jemput_token"
    given, taken = answer.headers.get_list("set-cookie")
    assert "jemput_refresh" in taken
    assert "Max-Age=0" in taken
    assert "Path=/intake/api/session;" in taken
    cookie = SimpleCookie(given)[name]
    assert cookie.value == token
    assert "domain" not in answer.headers["set-cookie"].lower()
    assert cookie["httponly"] is True
    assert cookie["samesite"] == "strict"
    assert cookie["path"] == "/"
    assert cookie["secure"] == (True if secure else "")
    assert cookie["expires"] == "Sat, 11 Mar 2023 03:15:00 GMT"


@pytest.mark.parametrize("secure", [False, True])
async def test_the_whole_way_in_and_out(*, secure: bool) -> None:
    async with front_door(secure=secure) as door:
        inside = await door.send("/masuk", token=door.token(), lanjut="/")
        cookie = {"Cookie": inside.headers["set-cookie"].partition(";")[0]}
        home = await door.see("/", {**HTML, **cookie})
        assert home.status_code == 200
        assert "Masuk sebagai agus" in home.text
        out = await door.send("/keluar", {**OURS, **cookie})
    assert (out.status_code, out.headers["location"]) == (303, "/masuk")
    name = "__Host-jemput_token" if secure else "jemput_token"
    gone = SimpleCookie(out.headers.get_list("set-cookie")[0])[name]
    assert (gone.value, gone["max-age"], gone["path"]) == ("", "0", "/")
    assert gone["secure"] == (True if secure else "")


async def test_behind_tls_a_cookie_without_the_prefix_signs_nobody_in() -> None:
    async with front_door(secure=True) as door:
        home = await door.see("/", {**HTML, "Cookie": f"jemput_token={door.token()}"})
    assert "Masuk sebagai" not in home.text


@pytest.mark.parametrize(
    ("token", "words"),
    [
        ("", "Token belum diisi"),
        ("   ", "Token belum diisi"),
        ("x.y.z", "Token tidak dikenali"),
        ("x" * 5000, "Token tidak dikenali"),
    ],
)
async def test_a_bad_token_is_explained_beside_the_field(token: str, words: str) -> None:
    async with front_door() as door:
        answer = await door.send("/masuk", token=token, lanjut="/x")
    assert answer.status_code == 422
    assert answer.text.count(words) == 2
    assert '<a href="#token">' in answer.text
    assert 'value="/x"' in answer.text
    assert "set-cookie" not in answer.headers
    assert not token.strip() or token not in answer.text
    assert "<title>Kesalahan: Masuk" in answer.text


async def test_a_token_of_yesterday_or_tomorrow_is_told_apart() -> None:
    async with front_door() as door:
        token = door.token()
        door.messaging.clock.advance(hours=2)
        late = await door.send("/masuk", token=token)
        door.messaging.clock.advance(hours=-4)
        early = await door.send("/masuk", token=token)
    assert "sudah kedaluwarsa" in late.text
    assert "belum berlaku" in early.text


async def test_every_word_of_the_scripts_stands_on_their_page_and_no_script_in_it() -> None:
    async with front_door() as door:
        for path, refusals in (("/masuk", REFUSALS), (INVITATION, INVITATION_REFUSALS)):
            page = await door.see(path)
            assert page.status_code == 200
            assert set(re.findall(r'data-word="([a-z_]+)"', page.text)) == set(refusals)
            assert set(re.findall(r"<script[^>]*>([^<]*)<", page.text)) == {""}
            for address in re.findall(r'<script src="([^"]+)"', page.text):
                assert (await door.see(address)).status_code == 200
            assert "JavaScript di peramban Anda tidak berjalan" in page.text


async def test_whose_account_was_made_ready_is_told_so() -> None:
    async with front_door() as door:
        page = await door.see("/masuk?alasan=siap")
    assert "Kata sandi Anda sudah tersimpan" in page.text


async def test_signing_out_by_the_page_ends_the_session_and_takes_both_cookies() -> None:
    async with desk() as office:
        await person(office, "siti", "operator:botram:32.16")
        browser = Browser(office)
        (await browser.sign_in("siti")).raise_for_status()
        asked = {
            **OURS,
            "Accept": "*/*",
            "Cookie": f"jemput_token={browser.cookies['jemput_token']}",
        }
        assert (await office.client.get(f"{HOST}{STATE}", headers=asked)).status_code == 204
        out = await office.client.post(f"{HOST}/keluar", headers={**asked, **HTML})
        assert (out.status_code, out.headers["location"]) == (303, "/masuk")
        taken = " ".join(out.headers.get_list("set-cookie"))
        assert "jemput_token=" in taken
        assert "jemput_refresh=" in taken
        assert "Path=/intake/api/session;" in taken
        refused = await browser.refresh()
    assert (refused.status_code, refused.json()["reason"]) == (401, "session_over")


async def test_a_password_is_refused_by_name_and_a_qr_code_is_drawn() -> None:
    async with desk() as office:
        code = await linked(office, "siti", "auditor:botram:32.16")
        for password, reason in (
            ("pendek", "password_length"),
            ("ini kata siti sendiri", "password_is_login"),
            ("1q2w3e4r5t6y", "password_breached"),
        ):
            said = {"code": code, "password": password}
            answer = await office.client.post("/api/invitations/password", json=said)
            assert (answer.status_code, answer.json()["reason"]) == (422, reason)
        said = {"code": code, "password": PASSWORD}
        answer = (await office.client.post("/api/invitations/password", json=said)).json()
    assert answer["qr"].startswith("data:image/svg+xml")
    assert "http://www.w3.org/2000/svg" in unquote(answer["qr"])


async def test_whose_session_ended_is_told_so() -> None:
    async with front_door() as door:
        page = await door.see("/masuk?alasan=ditolak&lanjut=%2Freporting%2Facara")
    assert "Sesi Anda sudah berakhir" in page.text


@pytest.mark.parametrize("path", ["/masuk", "/keluar"])
async def test_another_site_can_sign_nobody_in_or_out(path: str) -> None:
    async with front_door() as door:
        answer = await door.send(path, {**HTML, "Origin": "http://evil.test"}, token=door.token())
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("path", ["/intake/masuk", "/intake/keluar", "/intake/", "/lacak"])
async def test_the_front_door_lies_at_the_root_and_nothing_else_does(path: str) -> None:
    async with front_door() as door:
        assert (await door.see(path)).status_code == 404
