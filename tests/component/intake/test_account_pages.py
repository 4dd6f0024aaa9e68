"""Pages of accounts, approvals, devices and security records, as a browser gets and sends them."""

import re
from typing import Any

import httpx
import pytest

from services.intake.app import TEXTS
from services.intake.domain import NoticeKind, RequestKind, Sign, Standing
from services.intake.pages.accounts import REFUSALS
from services.intake.pages.grants import ROLES
from shared.testing.callers import HOST
from shared.web.texts import Texts
from tests.component.intake.kit import Desk, desk
from tests.component.intake.people import (
    ORIGIN,
    PASSWORD,
    Browser,
    Person,
    admin_headers,
    invited,
    person,
)
from tests.component.intake.test_account_requests import AUDITOR, kept
from tests.component.intake.test_sessions import OPERATOR, at_work, reason

WORDS = Texts.load(TEXTS)
NEW = {"login": "siti", "peran": "operator", "program": "botram", "wilayah": "32.16"}


async def page(browser: Browser, method: str, path: str, **how: Any) -> httpx.Response:
    """Open or send a page in somebody's browser; cookies that it gives are kept."""
    office = browser.office
    headers = {
        "Accept": "text/html",
        "Origin": ORIGIN,
        "Cookie": "; ".join(f"{name}={value}" for name, value in browser.cookies.items()),
        **how.pop("headers", {}),
    }
    answer = await office.client.request(method, path, headers=headers, **how)
    office.client.cookies.clear()
    for line in answer.headers.get_list("set-cookie"):
        name, _, rest = line.partition("=")
        browser.cookies[name] = rest.partition(";")[0]
    return answer


async def admin(office: Desk) -> tuple[Person, Browser]:
    """An admin who has just signed in."""
    return await at_work(office, "kepala", "admin:*:*")


def hidden(text: str) -> list[tuple[str, str]]:
    """What a form carries unseen."""
    return re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', text)


def link_in(text: str) -> str:
    """The code of the link that a page shows."""
    found = re.search(r"data-link>([^<]+)</code>", text)
    assert found, text
    return found[1].partition("#")[2]


async def test_an_admin_invites_and_is_shown_the_link_once() -> None:
    async with desk() as office:
        _, browser = await admin(office)
        answer = await page(browser, "POST", "/akun/baru", data=NEW)
        assert answer.status_code == 200, answer.text
        assert f"{HOST}/masuk/undangan#" in answer.text
        assert "data:image/svg+xml" in answer.text
        assert answer.headers["cache-control"] == "no-store"
        body = {"code": link_in(answer.text), "password": PASSWORD}
        made = await office.client.post("/api/invitations/password", json=body)
        assert made.status_code == 200
        assert "siti" in (await page(browser, "GET", "/akun")).text


async def test_a_form_sent_twice_invites_once() -> None:
    async with desk() as office:
        _, browser = await admin(office)
        form = await page(browser, "GET", "/akun/baru")
        sent = {**NEW, **dict(hidden(form.text))}
        first = await page(browser, "POST", "/akun/baru", data=sent)
        again = await page(browser, "POST", "/akun/baru", data=sent)
        assert link_in(first.text) == link_in(again.text)
        # The browser's way back, and another name: another invitation.
        other = await page(browser, "POST", "/akun/baru", data={**sent, "login": "tono"})
        assert link_in(other.text) != link_in(first.text)


@pytest.mark.parametrize(
    ("changed", "field", "words"),
    [
        ({"login": ""}, "login", "login_malformed"),
        ({"login": "siti aminah"}, "login", "login_malformed"),
        ({"login": "kepala"}, "login", "login_taken"),
        ({"peran": []}, "peran", "no_role"),
        ({"program": ""}, "program", "program_malformed"),
        ({"wilayah": "Bekasi"}, "wilayah", "wilayah_malformed"),
        ({"peran": "agency_operator"}, "instansi", "instansi_malformed"),
    ],
)
async def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_lost(
    changed: dict[str, Any], field: str, words: str
) -> None:
    async with desk() as office:
        _, browser = await admin(office)
        answer = await page(browser, "POST", "/akun/baru", data={**NEW, "instansi": "", **changed})
        assert answer.status_code == 422
        said = WORDS(f"accounts.wrong.{words}").replace("'", "&#39;")
        assert answer.text.count(said) == 2
        assert f'<a href="#{field}">' in answer.text
        assert f'id="{field}"' in answer.text
        if "wilayah" not in changed:
            assert 'value="32.16"' in answer.text


async def test_rights_beyond_ones_own_are_refused_on_the_page() -> None:
    async with desk() as office:
        _, browser = await at_work(office, "kepala", "admin:botram:32.16")
        answer = await page(browser, "POST", "/akun/baru", data={**NEW, "wilayah": "32.75"})
        assert answer.status_code == 422
        assert WORDS("accounts.wrong.beyond_reach") in answer.text


async def test_an_old_sign_in_is_made_fresh_on_the_spot_and_nothing_is_lost() -> None:
    async with desk() as office:
        one, browser = await admin(office)
        office.messaging.clock.advance(minutes=9)
        (await browser.refresh()).raise_for_status()
        office.messaging.clock.advance(minutes=2)

        asking = await page(browser, "POST", "/akun/baru", data=NEW)

        assert asking.status_code == 200
        assert WORDS("proof.title") in asking.text
        carried = dict(hidden(asking.text))
        assert {name: carried[name] for name in NEW} == NEW
        assert 'action="/intake/akun/baru"' in asking.text
        for secret, words in (
            ({"bukti_sandi": "", "bukti_kode": "1"}, "password_empty"),
            ({"bukti_sandi": "wrong password"}, "not_recognised"),
            ({"bukti_sandi": PASSWORD}, "code_needed"),
            ({"bukti_sandi": PASSWORD, "bukti_kode": "000000"}, "code_wrong"),
        ):
            wrong = await page(browser, "POST", "/akun/baru", data={**carried, **secret})
            assert wrong.status_code == 422
            assert wrong.text.count(WORDS(f"proof.wrong.{words}")) == 2
            assert dict(hidden(wrong.text)) == carried
            assert PASSWORD not in wrong.text
        secret = {"bukti_sandi": PASSWORD, "bukti_kode": one.code(office) or ""}
        done = await page(browser, "POST", "/akun/baru", data={**carried, **secret})
        assert done.status_code == 200
        assert link_in(done.text)
        # The session is fresh from now on, for scripts and forms alike.
        second = await page(browser, "POST", "/akun/baru", data={**NEW, "login": "tono"})
        assert link_in(second.text)


async def test_wrong_passwords_of_the_page_are_counted() -> None:
    async with desk() as office:
        _, browser = await admin(office)
        office.messaging.clock.advance(minutes=9)
        (await browser.refresh()).raise_for_status()
        office.messaging.clock.advance(minutes=2)
        sent = {**NEW, "bukti_sandi": "wrong password"}
        for _ in range(10):
            assert (await page(browser, "POST", "/akun/baru", data=sent)).status_code == 422
        late = await page(browser, "POST", "/akun/baru", data=sent)
        assert late.status_code == 429
        assert "Retry-After" in late.headers


async def test_a_pasted_token_cannot_be_made_fresh() -> None:
    async with desk() as office:
        headers = {"Accept": "text/html", **office.messaging.headers("admin")}
        answer = await office.client.post("/akun/baru", data=NEW, headers=headers)
        assert WORDS("proof.machine") in answer.text
        assert kept(office, "accounts") == {}


async def test_another_site_sends_no_form() -> None:
    async with desk() as office:
        _, browser = await admin(office)
        evil = {"Origin": "http://evil.test"}
        for path, data in (
            ("/akun/baru", NEW),
            ("/perangkat", {"aksi": "semua"}),
            ("/persetujuan", {"aksi": "setuju", "akun": "a-1", "versi": "1"}),
        ):
            answer = await page(browser, "POST", path, data=data, headers=evil)
            assert answer.status_code == 403, path


async def test_an_account_is_changed_disabled_and_handed_back() -> None:
    async with desk() as office:
        one = await person(office, "siti", OPERATOR)
        _, browser = await admin(office)
        path = f"/akun/{one.account_id}"
        shown = await page(browser, "GET", path)
        assert "siti" in shown.text
        change = {"aksi": "hak", "tetap": OPERATOR, "peran": "head", "program": "botram"}
        changed = await page(browser, "POST", path, data={**change, "wilayah": "32.16"})
        assert WORDS("accounts.result.granted.title") in changed.text
        both = [OPERATOR, "head:botram:32.16"]
        assert kept(office, "accounts")[one.account_id]["grants"] == both
        # What is kept is what was there, whatever a form says.
        forged = {"aksi": "hak", "tetap": ["admin:*:*", OPERATOR]}
        await page(browser, "POST", path, data=forged)
        assert kept(office, "accounts")[one.account_id]["grants"] == [OPERATOR]
        shut = await page(browser, "POST", path, data={"aksi": "nonaktif"})
        assert WORDS("accounts.result.disabled.title") in shut.text
        assert reason(await Browser(office).sign_in("siti")) == "not_recognised"
        back = await page(browser, "POST", path, data={"aksi": "pulihkan"})
        assert link_in(back.text)
        place = {"program": "botram", "wilayah": "32.16"}
        nothing = await page(browser, "POST", path, data={"aksi": "hak", **place})
        assert (nothing.status_code, nothing.text.count(WORDS("accounts.wrong.no_role"))) == (
            422,
            2,
        )


async def test_ones_own_account_offers_no_change() -> None:
    async with desk() as office:
        one, browser = await admin(office)
        path = f"/akun/{one.account_id}"
        shown = await page(browser, "GET", path)
        assert WORDS("accounts.mine") in shown.text
        assert 'name="aksi"' not in shown.text
        answer = await page(browser, "POST", path, data={"aksi": "nonaktif"})
        assert answer.status_code == 422
        assert WORDS("accounts.wrong.own_rights") in answer.text


async def test_an_account_out_of_reach_is_not_shown() -> None:
    async with desk() as office:
        far = await person(office, "tono", "operator:halo_pamor:32.75")
        _, browser = await at_work(office, "kepala", "admin:botram:32.16")
        assert "tono" not in (await page(browser, "GET", "/akun")).text
        for method in ("GET", "POST"):
            sent = {"data": {"aksi": "nonaktif"}} if method == "POST" else {}
            answer = await page(browser, method, f"/akun/{far.account_id}", **sent)
            assert answer.status_code == 404


async def test_accounts_are_shown_page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.intake.pages.account_list.PAGE", 2)
    async with desk() as office:
        _, browser = await admin(office)
        for login in ("satu", "dua", "tiga"):
            await invited(office, login, OPERATOR)
        seen, path = [], "/intake/akun"
        while path:
            text = (await page(browser, "GET", HOST + path)).text
            seen += re.findall(r'href="/intake/akun/a-[^"]+">([^<]+)</a>', text)
            more = re.search(r'href="(/intake/akun\?mulai=[^"]+)"', text)
            path = more[1] if more else ""
        assert sorted(seen) == ["dua", "kepala", "satu", "tiga"]


FOUND = r'href="/intake/akun/(a-[^"]+)">([^<]+)</a>'


async def test_an_account_is_found_by_a_part_of_its_name_or_by_its_id() -> None:
    async with desk() as office:
        _, browser = await admin(office)
        siti = await person(office, "siti.aminah", OPERATOR)
        await person(office, "rosita", OPERATOR)

        found = await page(browser, "POST", "/akun", data={"cari": " SIT "})
        by_id = await page(browser, "POST", "/akun", data={"cari": siti.account_id})
        nobody = await page(browser, "POST", "/akun", data={"cari": "<b>tono"})
        everybody = await page(browser, "POST", "/akun", data={"cari": " "})

        assert {login for _, login in re.findall(FOUND, found.text)} == {"siti.aminah", "rosita"}
        assert re.findall(FOUND, by_id.text) == [(siti.account_id, "siti.aminah")]
        assert WORDS("accounts.not_found") in nobody.text
        assert "<b>tono" not in nobody.text
        assert len(re.findall(FOUND, everybody.text)) == 3


async def test_nobody_is_found_beyond_reach_and_too_many_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("services.intake.pages.account_list.PAGE", 1)
    async with desk() as office:
        await person(office, "tono", "operator:halo_pamor:32.75")
        await person(office, "toni", OPERATOR)
        _, browser = await at_work(office, "kepala", "admin:botram:32.16")

        one = await page(browser, "POST", "/akun", data={"cari": "ton"})
        many = await page(browser, "POST", "/akun", data={"cari": ""})
        await person(office, "tonah", OPERATOR)
        two = await page(browser, "POST", "/akun", data={"cari": "ton"})

        assert [login for _, login in re.findall(FOUND, one.text)] == ["toni"]
        assert WORDS("accounts.too_many") not in one.text
        assert WORDS("accounts.too_many") in two.text
        assert many.status_code == 200


async def test_a_request_is_approved_by_page_and_its_link_shown() -> None:
    async with desk() as office:
        await invited(office, "budi", AUDITOR)
        _, browser = await at_work(office, "sari", "supervisor:botram:32.16")
        shown = await page(browser, "GET", "/persetujuan")
        assert "Undang budi" in shown.text
        assert "<dd>a-root</dd>" in shown.text
        form = dict(hidden(shown.text))
        answer = await page(browser, "POST", "/persetujuan", data={**form, "aksi": "setuju"})
        assert link_in(answer.text)
        late = await page(
            browser, "POST", "/persetujuan", data={**form, "kunci": "", "aksi": "setuju"}
        )
        assert late.status_code == 422
        assert WORDS("accounts.wrong.request_closed") in late.text


@pytest.mark.parametrize("text", ["", "x" * 201, "NIK 3216991234567890"])
async def test_a_refusal_by_page_needs_a_reason(text: str) -> None:
    async with desk() as office:
        await invited(office, "budi", AUDITOR)
        _, browser = await at_work(office, "sari", "supervisor:botram:32.16")
        form = dict(hidden((await page(browser, "GET", "/persetujuan")).text))
        sent = {**form, "aksi": "tolak", "alasan": text}
        answer = await page(browser, "POST", "/persetujuan", data=sent)
        assert answer.status_code == 422
        assert answer.text.count(WORDS("accounts.wrong.reason_malformed")) == 2
        done = await page(browser, "POST", "/persetujuan", data={**sent, "alasan": "Belum perlu"})
        assert WORDS("accounts.result.refused.title") in done.text


async def test_ones_own_request_can_only_be_taken_back() -> None:
    async with desk() as office:
        _, browser = await admin(office)
        waits = await page(browser, "POST", "/akun/baru", data={**NEW, "peran": "auditor"})
        assert WORDS("accounts.result.waits.title") in waits.text
        shown = await page(browser, "GET", "/persetujuan")
        assert WORDS("requests.barred.own") in shown.text
        assert "<dd>kepala</dd>" in shown.text
        assert 'value="setuju"' not in shown.text
        form = {**dict(hidden(shown.text)), "kunci": ""}
        own = await page(browser, "POST", "/persetujuan", data={**form, "aksi": "setuju"})
        assert own.status_code == 422
        assert WORDS("accounts.wrong.own_request") in own.text
        back = {**form, "aksi": "tolak", "alasan": "Salah orang"}
        done = await page(browser, "POST", "/persetujuan", data=back)
        assert WORDS("accounts.result.refused.title") in done.text


async def test_one_ends_another_device_and_every_session_by_page() -> None:
    async with desk() as office:
        _, browser = await at_work(office)
        second = Browser(office, agent="Firefox/128.0 (Windows NT 10.0)")
        (await second.sign_in("siti")).raise_for_status()
        shown = await page(browser, "GET", "/perangkat")
        assert shown.text.count(WORDS("devices.state.here")) == 1
        (device,) = [value for name, value in hidden(shown.text) if name == "perangkat"]
        sent = {"aksi": "akhiri", "perangkat": device}
        done = await page(browser, "POST", "/perangkat", data=sent)
        assert (done.status_code, done.headers["location"]) == (303, "/intake/perangkat?selesai=ya")
        assert reason(await second.refresh()) == "device_revoked"
        assert WORDS("devices.state.revoked") in (await page(browser, "GET", "/perangkat")).text

        out = await page(browser, "POST", "/perangkat", data={"aksi": "semua"})

        assert (out.status_code, out.headers["location"]) == (303, "/masuk")
        assert set(browser.cookies.values()) == {'""'}


async def test_one_does_not_end_a_device_of_somebody_else() -> None:
    async with desk() as office:
        _, other = await at_work(office, "tono")
        (theirs,) = (await other.ask("GET", "/devices")).json()
        _, browser = await at_work(office)
        sent = {"aksi": "akhiri", "perangkat": theirs["device_id"]}
        assert (await page(browser, "POST", "/perangkat", data=sent)).status_code == 409
        assert (await other.refresh()).status_code == 200


async def test_a_session_whose_time_is_up_is_not_called_open() -> None:
    async with desk() as office:
        _, first = await at_work(office)
        second = Browser(office, agent="Firefox/128.0 (Windows NT 10.0)")
        office.messaging.clock.advance(hours=4)
        (await second.sign_in("siti")).raise_for_status()
        shown = (await page(second, "GET", "/perangkat")).text
        assert WORDS("devices.state.open") not in shown
        assert WORDS("devices.state.ended") in shown
        assert first.key != second.key


async def test_a_change_stands_on_the_start_page_until_it_is_seen() -> None:
    async with desk() as office:
        one, browser = await at_work(office)
        words = WORDS("notices.kind.password_set")
        shown = await page(browser, "GET", f"{HOST}/")
        assert words in shown.text
        assert WORDS("notices.kind.device_added", said="Chrome, Android") in shown.text
        (until,) = [value for name, value in hidden(shown.text) if name == "sampai"]
        # What comes while he reads is not marked with it.
        grants = {"grants": ["head:botram:32.16"]}
        path = f"/api/accounts/{one.account_id}/grants"
        await office.client.put(path, json=grants, headers=admin_headers(office))
        sent = {"aksi": "dibaca", "sampai": until}
        seen = await page(browser, "POST", "/perangkat", data=sent)
        assert (seen.status_code, seen.headers["location"]) == (303, "/")
        shown = await page(browser, "GET", f"{HOST}/")
        assert words not in shown.text
        assert WORDS("notices.kind.granted") in shown.text
        listed = (await page(browser, "GET", "/perangkat")).text
        assert words in listed
        assert listed.count(WORDS("notices.new")) == 1


async def test_the_start_page_is_there_while_the_database_is_away() -> None:
    async with desk() as office:
        _, browser = await at_work(office)
        office.messaging.memory.away = True
        assert (await page(browser, "GET", f"{HOST}/")).status_code == 200
        assert (await page(browser, "GET", "/perangkat")).status_code == 503
        office.messaging.memory.away = False


async def test_security_records_are_a_page() -> None:
    async with desk() as office:
        one, browser = await at_work(office)
        await browser.copied().refresh()
        _, looking = await at_work(office, "sari", "auditor:botram:32.16")
        shown = (await page(looking, "GET", "/keamanan")).text
        assert WORDS("security.sign.refresh_elsewhere.title") in shown
        assert one.account_id in shown
        _, far = await at_work(office, "rudi", "supervisor:halo_pamor:32.75")
        assert WORDS("security.empty") in (await page(far, "GET", "/keamanan")).text


def test_there_are_words_for_everything_that_can_be_shown() -> None:
    keys = [
        *(f"notices.kind.{kind}" for kind in NoticeKind),
        *(f"accounts.wrong.{one}" for one in REFUSALS),
        *(f"accounts.standing.{one}" for one in Standing),
        *(f"requests.kind.{kind}" for kind in RequestKind),
        *(f"accounts.waiting.{kind}" for kind in RequestKind),
        *(f"security.sign.{sign}.title" for sign in Sign),
        *(f"role.{role}" for role in ROLES),
        *(f"role_hint.{role}" for role in ROLES),
    ]
    assert [key for key in keys if key not in WORDS] == []
