"""Powerful rights are asked for by one person and approved by another."""

from typing import Any

import pytest

from services.intake.usecases import APPROVAL
from shared.messaging.timers import TIMERS
from tests.component.intake.kit import Desk, desk
from tests.component.intake.people import (
    Browser,
    admin_headers,
    approved,
    decide,
    invited,
    person,
    ready,
)
from tests.component.intake.test_accounts import put
from tests.component.intake.test_sessions import OPERATOR, at_work, reason

AUDITOR = "auditor:botram:32.16"


async def asked(office: Desk, login: str = "budi", *grants: str) -> str:
    """Ask for an account with powerful rights; its id."""
    answer = (await invited(office, login, *(grants or (AUDITOR,)))).raise_for_status().json()
    assert (answer["code"], answer["waits"]) == (None, True)
    return str(answer["account_id"])


def kept(office: Desk, collection: str) -> dict[str, Any]:
    """What lies in the database."""
    return office.messaging.memory.collections[collection]


def refused_by(answer: Any) -> str:
    assert answer.status_code == 409, answer.text
    return str(answer.json()["reason"])


async def told(office: Desk, account_id: str) -> list[str]:
    """The kinds of an account's notices, oldest first."""
    found = kept(office, "notices").get(account_id, {"notices": []})
    return [one["kind"] for one in found["notices"]]


@pytest.mark.parametrize("role", ["supervisor", "admin", "auditor"])
async def test_a_powerful_account_waits_for_a_second_person(role: str) -> None:
    async with desk() as office:
        account = await asked(office, "budi", f"{role}:botram:32.16")
        assert kept(office, "invitations") == {}
        listed = await office.client.get(
            "/api/account-requests", headers=office.messaging.headers("supervisor")
        )
        (one,) = listed.json()
        assert (one["account_id"], one["kind"], one["asked_by"]) == (account, "invite", "a-root")
        assert "budi" not in listed.text
        link = await approved(office, account)
        someone = await ready(office, "budi", link)
        assert (await Browser(office).sign_in("budi", code=someone.code(office))).status_code == 200


@pytest.mark.parametrize("role", ["operator", "agent", "planner", "head", "importer"])
async def test_other_rights_are_given_by_one(role: str) -> None:
    async with desk() as office:
        answer = (await invited(office, "siti", f"{role}:botram:32.16")).json()
        assert answer["waits"] is False
        assert answer["code"]
        assert kept(office, "account_requests") == {}


async def test_whoever_asks_does_not_approve_and_may_take_it_back() -> None:
    async with desk() as office:
        account = await asked(office)
        own = await decide(office, account, "approval", by="a-root", version=1)
        assert refused_by(own) == "own_request"
        back = await decide(
            office, account, "refusal", by="a-root", version=1, reason="Salah orang"
        )
        assert back.status_code == 200
        late = await decide(office, account, "approval", version=1)
        assert refused_by(late) == "request_closed"
        assert await told(office, "a-root") == []


async def test_whoever_it_is_about_decides_nothing() -> None:
    async with desk() as office:
        one = await person(office, "ani", OPERATOR)
        path = f"{one.account_id}/grants"
        waits = await put(office, path, {"grants": ["admin:*:*"]}, method="PUT")
        assert waits.json()["waits"] is True
        for what in ({"version": 1}, {"version": 1, "reason": "Tidak mau"}):
            kind = "refusal" if "reason" in what else "approval"
            answer = await decide(office, one.account_id, kind, by=one.account_id, **what)
            assert refused_by(answer) == "own_rights"


async def test_who_is_refused_leaves_nothing_and_the_asker_reads_why() -> None:
    async with desk() as office:
        account = await asked(office)
        answer = await decide(office, account, "refusal", version=1, reason="Belum perlu")
        assert answer.json() == {"account_id": account}
        assert account not in kept(office, "accounts")
        assert account not in kept(office, "resident_keys")
        (notice,) = kept(office, "notices")["a-root"]["notices"]
        assert (notice["kind"], notice["said"], notice["reason"], notice["by"]) == (
            "request_refused",
            account,
            "Belum perlu",
            "a-second",
        )
        # The name is free again.
        second = await asked(office)
        assert second != account
        assert await approved(office, second)


async def test_grants_change_when_they_are_approved() -> None:
    async with desk() as office:
        one, browser = await at_work(office)
        path = f"{one.account_id}/grants"
        wanted = [OPERATOR, "supervisor:botram:32.16"]
        await put(office, path, {"grants": wanted}, method="PUT")
        assert kept(office, "accounts")[one.account_id]["grants"] == [OPERATOR]
        (await browser.refresh()).raise_for_status()
        answer = await decide(office, one.account_id, "approval", version=1)
        assert answer.json() == {"account_id": one.account_id, "code": None}
        assert kept(office, "accounts")[one.account_id]["grants"] == wanted
        assert (await told(office, one.account_id))[-1] == "granted"
        assert await told(office, "a-root") == ["request_approved"]


async def test_powerful_rights_are_taken_and_others_added_by_one() -> None:
    async with desk() as office:
        one = await person(office, "budi", AUDITOR, OPERATOR)
        path = f"{one.account_id}/grants"
        for grants in ([AUDITOR, "head:botram:32.16"], ["head:botram:32.16"]):
            answer = await put(office, path, {"grants": grants}, method="PUT")
            assert answer.json()["waits"] is False
            assert kept(office, "accounts")[one.account_id]["grants"] == grants


async def test_a_wider_powerful_right_waits_too() -> None:
    async with desk() as office:
        one = await person(office, "budi", AUDITOR)
        path = f"{one.account_id}/grants"
        answer = await put(office, path, {"grants": ["auditor:*:*"]}, method="PUT")
        assert answer.json()["waits"] is True


async def test_a_powerful_account_is_handed_back_by_three() -> None:
    async with desk() as office:
        one = await person(office, "budi", AUDITOR)
        answer = (await put(office, f"{one.account_id}/recovery")).json()
        assert (answer["code"], answer["waits"]) == (None, True)
        # Until then nothing has changed.
        assert (await Browser(office).sign_in("budi", code=one.code(office))).status_code == 200
        link = await approved(office, one.account_id)
        assert reason(await Browser(office).sign_in("budi")) == "not_recognised"
        again = await ready(office, "budi", link)
        assert (await Browser(office).sign_in("budi", code=again.code(office))).status_code == 200


async def test_one_request_about_an_account_at_a_time() -> None:
    async with desk() as office:
        one = await person(office, "budi", AUDITOR)
        await put(office, f"{one.account_id}/recovery")
        grants = {"grants": [AUDITOR, "admin:*:*"]}
        for path, body, method in (
            ("grants", grants, "PUT"),
            ("grants", {"grants": [OPERATOR]}, "PUT"),
            ("recovery", None, "POST"),
        ):
            answer = await put(office, f"{one.account_id}/{path}", body, method=method)
            assert refused_by(answer) == "request_open"


async def test_what_is_only_asked_for_is_refused_not_disabled() -> None:
    async with desk() as office:
        account = await asked(office)
        assert refused_by(await put(office, f"{account}/disable")) == "request_open"


async def test_disabling_is_at_once_and_closes_what_waits() -> None:
    async with desk() as office:
        one = await person(office, "budi", AUDITOR)
        await put(office, f"{one.account_id}/recovery")
        assert (await put(office, f"{one.account_id}/disable")).status_code == 200
        answer = await decide(office, one.account_id, "approval", version=2)
        assert refused_by(answer) == "request_closed"


async def test_one_approves_the_request_that_one_has_seen() -> None:
    async with desk() as office:
        one = await person(office, "ani", OPERATOR)
        path = f"{one.account_id}/grants"
        await put(office, path, {"grants": [OPERATOR, AUDITOR]}, method="PUT")
        await decide(office, one.account_id, "refusal", by="a-root", version=1, reason="Salah")
        await put(office, path, {"grants": [OPERATOR, "admin:*:*"]}, method="PUT")
        answer = await decide(office, one.account_id, "approval", version=1)
        assert refused_by(answer) == "request_changed"


async def test_a_request_that_nobody_decides_expires_after_seven_days() -> None:
    async with desk() as office:
        account = await asked(office)
        (timer,) = kept(office, TIMERS.name).values()
        assert timer["name"] == APPROVAL
        office.messaging.clock.advance(days=6, hours=23)
        await office.messaging.settle()
        assert account in kept(office, "accounts")
        office.messaging.clock.advance(hours=1)
        # Late or not, nobody approves it any more.
        assert refused_by(await decide(office, account, "approval", version=1)) == "request_closed"
        await office.messaging.settle()
        assert account not in kept(office, "accounts")
        assert kept(office, "account_requests")[account]["state"] == "expired"
        assert await told(office, "a-root") == ["request_expired"]


async def test_a_decision_clears_the_timer() -> None:
    async with desk() as office:
        first, second = await asked(office, "budi"), await asked(office, "rudi")
        await approved(office, first)
        await decide(office, second, "refusal", version=1, reason="Belum perlu")
        assert kept(office, TIMERS.name) == {}


async def test_a_supervisor_within_reach_approves_and_no_other() -> None:
    async with desk() as office:
        account = await asked(office)
        path = f"/api/account-requests/{account}/approval"
        for grant, status in (
            ("supervisor:halo_pamor:*", 403),
            ("supervisor:botram:32.16.18", 403),
            ("auditor:*:*", 403),
            ("supervisor:botram:32.16", 200),
        ):
            headers = admin_headers(office, grant, subject="a-other")
            answer = await office.client.post(path, json={"version": 1}, headers=headers)
            assert answer.status_code == status, (grant, answer.text)


async def test_deciding_needs_a_fresh_sign_in() -> None:
    async with desk() as office:
        account = await asked(office)
        for what, body in (("approval", {}), ("refusal", {"reason": "Belum perlu"})):
            answer = await office.client.post(
                f"/api/account-requests/{account}/{what}",
                json={"version": 1, **body},
                headers=office.messaging.headers("admin"),
            )
            assert answer.json()["type"] == "/problems/sign-in-too-old"


@pytest.mark.parametrize("text", ["", "x" * 201, "NIK 3216991234567890"])
async def test_a_reason_has_words_and_no_number(text: str) -> None:
    async with desk() as office:
        account = await asked(office)
        answer = await decide(office, account, "refusal", version=1, reason=text)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "/reason"


async def test_an_approval_sent_twice_gives_the_same_link() -> None:
    async with desk() as office:
        account = await asked(office)
        headers = admin_headers(office, subject="a-second")
        path = f"/api/account-requests/{account}/approval"
        first = await office.client.post(path, json={"version": 1}, headers=headers)
        again = await office.client.post(path, json={"version": 1}, headers=headers)
        assert first.json() == again.json()
        other = admin_headers(office, "supervisor:halo_pamor:*", subject="a-second")
        other["Idempotency-Key"] = headers["Idempotency-Key"]
        less = await office.client.post(path, json={"version": 1}, headers=other)
        assert less.status_code == 403


async def test_what_is_asked_and_decided_is_in_the_trail() -> None:
    async with desk() as office:
        account = await asked(office)
        await decide(office, account, "refusal", version=1, reason="Belum perlu")
        other = await asked(office, "rudi")
        await approved(office, other)
        last = await asked(office, "tono")
        office.messaging.clock.advance(days=7)
        await office.messaging.settle()
        trail = [
            (one["deed"], one["about"], one["actor"]) for one in kept(office, "audit").values()
        ]
        assert sorted(trail) == sorted(
            [
                ("asked", account, "a-root"),
                ("refused", account, "a-second"),
                ("asked", other, "a-root"),
                ("approved", other, "a-second"),
                ("invited", other, "a-second"),
                ("asked", last, "a-root"),
                ("expired", last, "service:intake"),
            ]
        )


async def test_every_change_is_told_to_its_owner() -> None:
    async with desk() as office:
        one, browser = await at_work(office, "budi", AUDITOR)
        thief = browser.copied()
        assert reason(await thief.refresh()) == "refresh_elsewhere"
        (await browser.ask("DELETE", "/devices/" + await _mine(browser))).raise_for_status()
        grants = {"grants": [AUDITOR, OPERATOR]}
        await put(office, f"{one.account_id}/grants", grants, method="PUT")
        await put(office, f"{one.account_id}/disable")
        await put(office, f"{one.account_id}/recovery")
        await approved(office, one.account_id)
        assert await told(office, one.account_id) == [
            "password_set",
            "second_factor_set",
            "device_added",
            "refresh_elsewhere",
            "device_revoked",
            "granted",
            "disabled",
            "recovered",
        ]


async def _mine(browser: Browser) -> str:
    (device,) = (await browser.ask("GET", "/devices")).json()
    return str(device["device_id"])


async def test_a_known_device_is_told_of_once() -> None:
    async with desk() as office:
        one, browser = await at_work(office)
        (await browser.sign_in("siti")).raise_for_status()
        assert (await told(office, one.account_id)).count("device_added") == 1


async def test_signing_out_everywhere_ends_every_session() -> None:
    async with desk() as office:
        _, browser = await at_work(office)
        second = Browser(office)
        (await second.sign_in("siti")).raise_for_status()
        assert (await browser.ask("DELETE", "/devices")).status_code == 204
        await office.messaging.look()
        for one in (browser, second):
            assert reason(await one.refresh()) == "session_over"
            assert (await one.ask("GET", "/devices")).status_code == 401
        # Ended, not revoked: the same device signs in again.
        assert (await browser.sign_in("siti")).status_code == 200
