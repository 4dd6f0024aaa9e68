from datetime import timedelta
from http.cookies import SimpleCookie

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.web.signin import MAX_ADDRESS, safe_address
from tests.unit.shared.web_kit import HOST, Kit

OPERATOR = "operator:botram:32.16"
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
GOOD = ["/", "/acara/botram-2023-03-11-setu", "/?bulan=3&desa=a%20b", "/a//b", "/a?x=//y", "/a#b"]


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


async def test_the_page_asks_for_a_token_and_remembers_the_way() -> None:
    async with Kit().client as http:
        answer = await http.get("/masuk", params={"lanjut": "/acara?x=1"}, headers=HTML)
    assert answer.status_code == 200
    assert "Tempel token Anda" in answer.text
    assert '<input type="hidden" name="lanjut" value="/acara?x=1">' in answer.text
    assert "Sesi Anda sudah berakhir" not in answer.text


@pytest.mark.parametrize("address", EVIL)
async def test_neither_the_form_nor_the_redirect_leads_away(address: str) -> None:
    kit = Kit()
    async with kit.client as http:
        page = await http.get("/masuk", params={"lanjut": address}, headers=HTML)
        assert 'name="lanjut" value="/"' in page.text
        form = {"token": kit.token(OPERATOR), "lanjut": address}
        answer = await http.post("/masuk", data=form, headers=OURS)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/"


@pytest.mark.parametrize("secure", [False, True])
async def test_a_good_token_becomes_a_cookie_out_of_reach(*, secure: bool) -> None:
    kit = Kit(secure_cookies=secure)
    token = kit.token(OPERATOR)
    pasted = f"  {token[:30]}\n {token[30:]}\r\n"
    async with kit.client as http:
        answer = await http.post("/masuk", data={"token": pasted, "lanjut": "/x"}, headers=OURS)
    assert (answer.status_code, answer.headers["location"]) == (303, "/x")
    name = "__Host-jemput_token" if secure else "jemput_token"
    cookie = SimpleCookie(answer.headers["set-cookie"])[name]
    assert cookie.value == token
    assert "domain" not in answer.headers["set-cookie"].lower()
    assert cookie["httponly"] is True
    assert cookie["samesite"] == "strict"
    assert cookie["path"] == "/"
    assert cookie["secure"] == (True if secure else "")
    assert cookie["expires"] == "Sat, 11 Mar 2023 03:15:00 GMT"


@pytest.mark.parametrize("secure", [False, True])
async def test_the_whole_way_in_and_out(*, secure: bool) -> None:
    kit = Kit(secure_cookies=secure)
    async with kit.client as http:
        away = await http.get("/", headers=HTML)
        assert away.headers["location"] == "/masuk?lanjut=%2F"
        form = {"token": kit.token(OPERATOR), "lanjut": "/"}
        inside = await http.post("/masuk", data=form, headers=OURS)
        cookie = {"Cookie": inside.headers["set-cookie"].partition(";")[0]}
        home = await http.get("/", headers={**HTML, **cookie})
        assert home.status_code == 200
        assert "Masuk sebagai agus" in home.text
        out = await http.post("/keluar", headers={**OURS, **cookie})
    assert (out.status_code, out.headers["location"]) == (303, "/masuk")
    name = "__Host-jemput_token" if secure else "jemput_token"
    gone = SimpleCookie(out.headers["set-cookie"])[name]
    assert (gone.value, gone["max-age"], gone["path"]) == ("", "0", "/")
    assert gone["secure"] == (True if secure else "")


async def test_behind_tls_a_cookie_without_the_prefix_signs_nobody_in() -> None:
    kit = Kit(secure_cookies=True)
    async with kit.client as http:
        answer = await http.get("/", headers={**HTML, **kit.cookie(OPERATOR)})
    assert answer.headers["location"] == "/masuk?lanjut=%2F"


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
    async with Kit().client as http:
        form = {"token": token, "lanjut": "/x"}
        answer = await http.post("/masuk", data=form, headers=OURS)
    assert answer.status_code == 422
    assert answer.text.count(words) == 2
    assert '<a href="#token">' in answer.text
    assert 'value="/x"' in answer.text
    assert "set-cookie" not in answer.headers
    assert not token.strip() or token not in answer.text
    assert "<title>Kesalahan: Masuk" in answer.text


async def test_a_token_of_yesterday_or_tomorrow_is_told_apart() -> None:
    kit = Kit()
    form = {"token": kit.token(OPERATOR)}
    async with kit.client as http:
        kit.clock.advance(timedelta(hours=2))
        late = await http.post("/masuk", data=form, headers=OURS)
        kit.clock.advance(timedelta(hours=-4))
        early = await http.post("/masuk", data=form, headers=OURS)
    assert "sudah kedaluwarsa" in late.text
    assert "belum berlaku" in early.text


async def test_whose_session_ended_is_told_so() -> None:
    async with Kit().client as http:
        first = await http.get("/", headers={**HTML, "Cookie": "jemput_token=x"})
        page = await http.get(first.headers["location"], headers=HTML)
    assert "Sesi Anda sudah berakhir" in page.text


@pytest.mark.parametrize("path", ["/masuk", "/keluar"])
async def test_another_site_can_sign_nobody_in_or_out(path: str) -> None:
    kit = Kit()
    async with kit.client as http:
        answer = await http.post(
            path,
            data={"token": kit.token(OPERATOR)},
            headers={**HTML, "Origin": "http://evil.test"},
        )
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
