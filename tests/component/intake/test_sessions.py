"""Signing in, being kept in by a device, and being out everywhere."""

from datetime import timedelta
from typing import Any

import pytest

from shared.contracts.intake import AccessKind, AccessRevoked
from tests.component.intake.kit import Desk, desk
from tests.component.intake.people import PASSWORD, REFRESH, Browser, Person, person

OPERATOR = "operator:botram:32.16"


def reason(answer: Any) -> str:
    assert answer.status_code == 401, answer.text
    return str(answer.json()["reason"])


async def at_work(office: Desk, login: str = "siti", *grants: str) -> tuple[Person, Browser]:
    """Somebody who has signed in."""
    one = await person(office, login, *(grants or (OPERATOR,)))
    browser = Browser(office)
    answer = await browser.sign_in(login, code=one.code(office))
    assert answer.status_code == 200, answer.text
    return one, browser


async def test_one_signs_in_and_works_with_the_cookie_alone() -> None:
    async with desk() as office:
        one, browser = await at_work(office)

        seen = await browser.ask("GET", "/requests?programme_id=botram")
        other = await browser.ask("GET", "/requests?programme_id=halo_pamor")

        assert seen.status_code == 200
        assert other.status_code == 403
        assert set(browser.cookies) == {"jemput_token", REFRESH}
        assert one.account_id.startswith("a-")
        assert "siti" not in str(office.messaging.memory.collections["accounts"])


async def test_a_token_lives_ten_minutes_and_a_refresh_gives_another() -> None:
    async with desk() as office:
        _, browser = await at_work(office)
        office.messaging.clock.advance(minutes=11)
        assert (await browser.ask("GET", "/devices")).status_code == 401

        answer = await browser.refresh()

        assert answer.status_code == 200, answer.text
        assert (await browser.ask("GET", "/devices")).status_code == 200


@pytest.mark.parametrize("login", ["siti", "nobody", "x y", ""])
async def test_a_wrong_password_and_an_unknown_name_are_answered_alike(login: str) -> None:
    async with desk() as office:
        await person(office, "siti", OPERATOR)
        answer = await Browser(office).sign_in(login, "not the password at all")
        assert reason(answer) == "not_recognised"
        assert answer.json()["detail"] == "login, password: not recognised"


async def test_a_login_name_is_known_however_it_is_typed() -> None:
    async with desk() as office:
        await person(office, "Siti.Aminah", OPERATOR)
        assert (await Browser(office).sign_in("  SITI.aminah ")).status_code == 200


@pytest.mark.parametrize("role", ["supervisor", "admin", "auditor"])
async def test_roles_with_a_second_factor_need_its_code_once(role: str) -> None:
    async with desk() as office:
        one = await person(office, "budi", f"{role}:botram:32.16")
        code = one.code(office)
        browser = Browser(office)
        assert reason(await browser.sign_in("budi")) == "code_needed"
        assert reason(await browser.sign_in("budi", code="000000")) == "code_wrong"
        assert (await browser.sign_in("budi", code=code)).status_code == 200
        assert reason(await browser.sign_in("budi", code=code)) == "code_wrong"


async def test_a_refresh_token_on_another_browser_is_refused_and_reported() -> None:
    async with desk() as office:
        one, browser = await at_work(office)
        thief = browser.copied()

        assert reason(await thief.refresh()) == "refresh_elsewhere"

        headers = office.messaging.headers("supervisor", "botram", "32.16")
        records = (await office.client.get("/api/security-records", headers=headers)).json()
        assert [(r["sign"], r["account_id"]) for r in records] == [
            ("refresh_elsewhere", one.account_id)
        ]
        elsewhere = office.messaging.headers("supervisor", "halo_pamor", "32.75")
        assert (await office.client.get("/api/security-records", headers=elsewhere)).json() == []
        assert (await browser.refresh()).status_code == 200
        counted = office.messaging.registry.get_sample_value(
            "jemput_security_events_total",
            {
                "event": "sign_in_refused",
                "route": "/api/session/refresh",
                "reason": "refresh_elsewhere",
            },
        )
        assert counted == 1


async def test_a_changed_refresh_token_that_comes_back_ends_the_device() -> None:
    async with desk() as office:
        one, browser = await at_work(office)
        old, old_hash = dict(browser.cookies), browser.refresh_hash
        (await browser.refresh()).raise_for_status()
        (await browser.refresh()).raise_for_status()
        copy = Browser(office, key=browser.key, cookies=old, refresh_hash=old_hash)

        assert reason(await copy.refresh()) == "refresh_reused"

        assert reason(await browser.refresh()) == "device_revoked"
        await office.messaging.look()
        assert (await browser.ask("GET", "/devices")).status_code == 401
        headers = office.messaging.headers("supervisor", "botram", "32.16")
        path = f"/api/accounts/{one.account_id}/devices"
        (device,) = (await office.client.get(path, headers=headers)).json()
        assert (device["ended"], device["revoked"], device["open"]) == ("reused", True, False)
        assert device["label"] == "Chrome, Android"
        records = (await office.client.get("/api/security-records", headers=headers)).json()
        assert [record["sign"] for record in records] == ["refresh_reused"]
        assert reason(await browser.sign_in("siti")) == "device_revoked"
        assert (await Browser(office).sign_in("siti")).status_code == 200


async def test_an_answer_that_got_lost_is_asked_for_again_for_half_a_minute() -> None:
    async with desk() as office:
        _, browser = await at_work(office)
        lost, lost_hash = dict(browser.cookies), browser.refresh_hash
        (await browser.refresh()).raise_for_status()
        again = Browser(office, key=browser.key, cookies=dict(lost), refresh_hash=lost_hash)
        office.messaging.clock.advance(seconds=29)
        assert (await again.refresh()).status_code == 200

        (await again.refresh()).raise_for_status()
        late = Browser(office, key=browser.key, cookies=lost, refresh_hash=lost_hash)
        assert reason(await late.refresh()) == "refresh_reused"


async def test_a_lost_answer_is_not_asked_for_after_half_a_minute() -> None:
    async with desk() as office:
        _, browser = await at_work(office)
        lost = Browser(office, browser.key, dict(browser.cookies), browser.refresh_hash)
        (await browser.refresh()).raise_for_status()
        office.messaging.clock.advance(seconds=31)
        assert reason(await lost.refresh()) == "refresh_reused"


async def test_a_proof_counts_once() -> None:
    async with desk() as office:
        _, browser = await at_work(office)
        before, known = dict(browser.cookies), browser.refresh_hash
        (await browser.refresh(jti="the same proof")).raise_for_status()
        again = Browser(office, browser.key, before, known)
        assert reason(await again.refresh(jti="the same proof")) == "proof_used"


@pytest.mark.parametrize(
    "changed",
    [
        {"htm": "GET"},
        {"htu": "http://jemput.test/intake/api/session"},
        {"htu": "http://elsewhere.test/intake/api/session/refresh"},
        {"iat": 0},
        {"iat": None},
        {"jti": "short"},
        {"ath": None},
        {"ath": "of another token"},
    ],
)
async def test_a_proof_of_something_else_is_refused(changed: dict[str, Any]) -> None:
    async with desk() as office:
        _, browser = await at_work(office)
        assert reason(await browser.refresh(**changed)) == "no_proof"
        assert (await browser.refresh()).status_code == 200


async def test_a_refresh_token_that_is_made_up_is_refused() -> None:
    async with desk() as office:
        _, browser = await at_work(office)
        browser.cookies[REFRESH] = browser.cookies[REFRESH][:-4] + "0000"
        assert reason(await browser.refresh()) == "no_session"
        del browser.cookies[REFRESH]
        assert reason(await browser.refresh()) == "no_session"


async def test_a_session_ends_after_three_hours_without_use() -> None:
    async with desk() as office:
        _, browser = await at_work(office)
        office.messaging.clock.advance(hours=2, minutes=59)
        (await browser.refresh()).raise_for_status()
        office.messaging.clock.advance(hours=3)
        assert reason(await browser.refresh()) == "session_over"


async def test_a_session_ends_after_twelve_hours_of_use() -> None:
    async with desk() as office:
        _, browser = await at_work(office)
        for _ in range(6):
            office.messaging.clock.advance(hours=1, minutes=59)
            answer = await browser.refresh()
            answer.raise_for_status()
        left = timedelta(hours=12) - 6 * timedelta(hours=1, minutes=59)
        assert left == timedelta(minutes=6)
        assert answer.json()["token_until"] == answer.json()["session_until"]
        office.messaging.clock.advance(minutes=6)
        assert reason(await browser.refresh()) == "session_over"


async def test_without_a_key_a_session_lasts_half_an_hour_and_is_not_kept_going() -> None:
    async with desk() as office:
        await person(office, "siti", OPERATOR)
        browser = Browser(office)
        answer = await browser.sign_in("siti", plain=True)
        assert answer.json()["refresh_hash"] is None
        assert set(browser.cookies) == {"jemput_token"}
        office.messaging.clock.advance(minutes=29)
        assert (await browser.ask("GET", "/devices")).status_code == 200
        office.messaging.clock.advance(minutes=2)
        assert (await browser.ask("GET", "/devices")).status_code == 401


async def test_signing_out_ends_the_session_everywhere() -> None:
    async with desk() as office:
        _, browser = await at_work(office)
        copy = dict(browser.cookies)
        session = (await browser.ask("GET", "/devices")).json()
        assert [device["here"] for device in session] == [True]

        assert (await browser.ask("DELETE", "/session")).status_code == 204
        await office.messaging.look()

        browser.cookies = copy
        assert (await browser.ask("GET", "/devices")).status_code == 401
        assert reason(await browser.refresh()) == "session_over"
        told = [e for e in office.messaging.published if isinstance(e, AccessRevoked)]
        assert [event.kind for event in told] == [AccessKind.SESSION]


async def test_one_ends_ones_own_devices_and_a_supervisor_those_of_his_people() -> None:
    async with desk() as office:
        one, browser = await at_work(office)
        second = Browser(office, agent="Firefox/128.0 (Windows NT 10.0)")
        (await second.sign_in("siti")).raise_for_status()
        devices = (await browser.ask("GET", "/devices")).json()
        assert {(d["label"], d["here"]) for d in devices} == {
            ("Firefox, Windows", False),
            ("Chrome, Android", True),
        }
        (mine,) = [d["device_id"] for d in devices if d["here"]]
        (other,) = [d["device_id"] for d in devices if not d["here"]]

        assert (await browser.ask("DELETE", f"/devices/{other}")).status_code == 204
        assert reason(await second.refresh()) == "device_revoked"

        path = f"/api/accounts/{one.account_id}/devices/{mine}"
        stranger = office.messaging.headers("supervisor", "halo_pamor", "32.75")
        assert (await office.client.delete(path, headers=stranger)).status_code == 403
        supervisor = office.messaging.headers("supervisor", "botram", "32.16")
        assert (await office.client.delete(path, headers=supervisor)).status_code == 204
        assert reason(await browser.refresh()) == "device_revoked"
        unknown = await office.client.delete(
            f"/api/accounts/{one.account_id}/devices/nothing",
            headers=office.messaging.headers("supervisor", "botram", "32.16"),
        )
        assert unknown.json()["reason"] == "unknown_device"


async def test_the_device_used_longest_ago_makes_room() -> None:
    async with desk() as office:
        _, first = await at_work(office)
        for _ in range(20):
            office.messaging.clock.advance(seconds=1)
            (await Browser(office).sign_in("siti")).raise_for_status()
        assert reason(await first.refresh()) == "session_over"
        await office.messaging.look()
        assert (await first.ask("GET", "/devices")).status_code == 401


async def test_a_sign_in_is_proven_once_more() -> None:
    async with desk() as office:
        one, browser = await at_work(office, "budi", "admin:*:*")
        office.messaging.clock.advance(minutes=9)
        (await browser.refresh()).raise_for_status()
        office.messaging.clock.advance(minutes=2)
        body = {"login": "ani", "grants": [OPERATOR]}
        stale = await browser.ask("POST", "/accounts", json=body)
        assert stale.status_code == 401
        assert stale.json()["type"] == "/problems/sign-in-too-old"
        assert "insufficient_user_authentication" in stale.headers["WWW-Authenticate"]

        wrong = await browser.ask("POST", "/session/proof", json={"password": "x" * 12})
        assert reason(wrong) == "not_recognised"
        secret = {"password": PASSWORD, "code": one.code(office)}
        assert (await browser.ask("POST", "/session/proof", json=secret)).status_code == 200

        assert (await browser.ask("POST", "/accounts", json=body)).status_code == 201


async def test_a_machine_does_not_sign_in() -> None:
    async with desk() as office:
        headers = office.messaging.headers("admin")
        body = {"password": PASSWORD}
        answer = await office.client.post("/api/session/proof", json=body, headers=headers)
        assert reason(answer) == "no_session"
