"""Accounts: invited, made usable by their owners, kept by admins, shut."""

from typing import Any

import pytest

from shared.contracts.envelope import new_id
from shared.contracts.intake import AccessKind, AccessRevoked
from tests.component.intake.kit import Desk, desk
from tests.component.intake.people import (
    PASSWORD,
    Browser,
    admin_headers,
    approved,
    invited,
    linked,
    person,
    ready,
)
from tests.component.intake.test_sessions import OPERATOR, at_work, reason


async def put(office: Desk, path: str, body: Any = None, **how: Any) -> Any:
    method = how.pop("method", "POST")
    headers = how.pop("headers", None) or admin_headers(office)
    return await office.client.request(method, f"/api/accounts/{path}", json=body, headers=headers)


async def password(office: Desk, code: str, text: str = PASSWORD) -> Any:
    body = {"code": code, "password": text}
    return await office.client.post("/api/invitations/password", json=body)


async def test_a_link_is_good_for_one_password() -> None:
    async with desk() as office:
        made = (await invited(office, "siti", OPERATOR)).json()
        assert reason(await Browser(office).sign_in("siti")) == "not_recognised"

        first = await password(office, made["code"])

        assert first.json() == {
            "account_id": made["account_id"],
            "usable": True,
            "secret": None,
            "address": None,
            "qr": None,
        }
        again = await password(office, made["code"], "another password 9")
        assert (again.status_code, again.json()["reason"]) == (409, "link_spent")
        assert (await Browser(office).sign_in("siti")).status_code == 200


async def test_a_link_is_good_for_three_days_and_cannot_be_made_up() -> None:
    async with desk() as office:
        made = (await invited(office, "siti", OPERATOR)).json()
        forged = made["code"][:-1] + ("0" if made["code"][-1] != "0" else "1")
        for code in (forged, "x", "", "é.é"):
            assert (await password(office, code)).json()["reason"] == "link_spent"
        office.messaging.clock.advance(days=3)
        assert (await password(office, made["code"])).json()["reason"] == "link_spent"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x" * 11, "12 to 128 characters"),
        ("x" * 129, "12 to 128 characters"),
        ("Siti.Aminah 2023", "must not hold the login name"),
        ("password1234", "known from a breach"),
        ("123 Password 99", "known from a breach"),
        ("1q2w3e4r5t6y", "known from a breach"),
    ],
)
async def test_a_weak_password_is_refused_with_its_reason(text: str, words: str) -> None:
    async with desk() as office:
        made = (await invited(office, "siti.aminah", OPERATOR)).json()
        answer = await password(office, made["code"], text)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "/password"
        assert words in answer.json()["errors"][0]["reason"]
        assert text not in answer.text


@pytest.mark.parametrize("text", ["x y z 8 w v u", "q" * 6 + "Z" * 122, "\uff2bebun teh 123"])
async def test_a_password_has_12_to_128_characters_of_any_kind(text: str) -> None:
    async with desk() as office:
        made = (await invited(office, "siti", OPERATOR)).json()
        assert (await password(office, made["code"], text)).status_code == 200
        assert (await Browser(office).sign_in("siti", text)).status_code == 200


async def test_an_auditor_shows_that_his_app_works_before_he_can_sign_in() -> None:
    async with desk() as office:
        link = await linked(office, "audit", "auditor:*:*")
        first = (await password(office, link)).json()
        assert first["usable"] is False
        assert first["address"].startswith("otpauth://totp/Jemput:audit?secret=")
        assert reason(await Browser(office).sign_in("audit")) == "not_recognised"
        wrong = {"code": link, "app_code": "000000"}
        answer = await office.client.post("/api/invitations/code", json=wrong)
        assert answer.json()["reason"] == "code_wrong"
        one = await ready(office, "audit", link)
        assert one.secret != first["secret"]
        assert (await Browser(office).sign_in("audit", code=one.code(office))).status_code == 200


async def test_two_people_have_two_login_names() -> None:
    async with desk() as office:
        await invited(office, "siti", OPERATOR)
        answer = await invited(office, " SITI", OPERATOR)
        assert (answer.status_code, answer.json()["reason"]) == (409, "login_taken")
        assert (await invited(office, "siti aminah", OPERATOR)).status_code == 422


async def test_an_admin_gives_what_lies_within_his_own_right() -> None:
    async with desk() as office:
        headers = admin_headers(office, "admin:botram:32.16")
        for grants, status in (
            (["operator:botram:32.16.18"], 201),
            (["agency_operator:botram:32.16:dinkes"], 201),
            (["operator:botram:32.75"], 403),
            (["operator:halo_pamor:32.16"], 403),
            (["operator:*:32.16"], 403),
            (["operator:botram:*"], 403),
            (["operator:botram:32.16", "head:*:*"], 403),
            (["boss:botram:32.16"], 422),
            ([], 422),
        ):
            headers["Idempotency-Key"] = new_id()
            answer = await invited(office, f"x{len(str(grants))}", *grants, headers=headers)
            assert answer.status_code == status, (grants, answer.text)


async def test_a_link_sent_twice_is_the_same_link() -> None:
    async with desk() as office:
        headers = admin_headers(office)
        first = await invited(office, "siti", OPERATOR, headers=headers)
        again = await invited(office, "siti", OPERATOR, headers=headers)
        assert first.json() == again.json()
        kept = str(office.messaging.memory.collections["inbox"])
        assert first.json()["code"].rpartition(".")[2] not in kept


async def test_other_grants_end_the_tokens_that_hold_the_old_ones() -> None:
    async with desk() as office:
        one, browser = await at_work(office)
        path = f"{one.account_id}/grants"
        answer = await put(office, path, {"grants": ["head:botram:32.16"]}, method="PUT")
        assert answer.status_code == 200
        await office.messaging.look()
        assert (await browser.ask("GET", "/devices")).status_code == 401
        office.messaging.clock.advance(seconds=1)

        (await browser.refresh()).raise_for_status()

        assert (await browser.ask("GET", "/devices")).status_code == 200
        assert (await browser.ask("GET", "/requests?programme_id=botram")).status_code == 403


async def test_a_role_with_a_second_factor_waits_for_a_new_link() -> None:
    async with desk() as office:
        one, browser = await at_work(office)
        path = f"{one.account_id}/grants"
        await put(office, path, {"grants": ["supervisor:botram:32.16"]}, method="PUT")
        await approved(office, one.account_id)
        assert reason(await browser.refresh()) == "session_over"
        assert reason(await Browser(office).sign_in("siti")) == "not_recognised"

        assert (await put(office, f"{one.account_id}/recovery")).json()["waits"] is True
        again = await ready(office, "siti", await approved(office, one.account_id))

        assert (await Browser(office).sign_in("siti", code=again.code(office))).status_code == 200


async def test_nobody_changes_his_own_rights_nor_those_of_more_than_his_reach() -> None:
    async with desk() as office:
        one = await person(office, "ani", "admin:botram:32.16")
        mine = admin_headers(office, "admin:botram:32.16", subject=one.account_id)
        for path, body, method in (
            ("grants", {"grants": ["admin:botram:32.16", "head:botram:32.16"]}, "PUT"),
            ("disable", None, "POST"),
            ("recovery", None, "POST"),
        ):
            mine["Idempotency-Key"] = new_id()
            answer = await put(
                office, f"{one.account_id}/{path}", body, method=method, headers=mine
            )
            assert (answer.status_code, answer.json()["reason"]) == (409, "own_rights"), path
        other = admin_headers(office, "admin:botram:32.16.18")
        assert (await put(office, f"{one.account_id}/disable", headers=other)).status_code == 403


async def test_a_disabled_account_is_out_with_all_its_devices() -> None:
    async with desk() as office:
        one, browser = await at_work(office)
        plain = Browser(office)
        (await plain.sign_in("siti", plain=True)).raise_for_status()

        assert (await put(office, f"{one.account_id}/disable")).status_code == 200
        await office.messaging.look()

        for device in (browser, plain):
            assert (await device.ask("GET", "/devices")).status_code == 401
        assert reason(await browser.refresh()) == "account_disabled"
        assert reason(await Browser(office).sign_in("siti")) == "not_recognised"
        told = [e for e in office.messaging.published if isinstance(e, AccessRevoked)]
        assert [event.kind for event in told].count(AccessKind.ACCOUNT) == 1
        assert [event.kind for event in told].count(AccessKind.SESSION) == 2
        assert "siti" not in "".join(event.model_dump_json() for event in told)


async def test_a_second_person_hands_an_account_back() -> None:
    async with desk() as office:
        one, browser = await at_work(office)
        made = (await put(office, f"{one.account_id}/recovery")).json()
        assert reason(await Browser(office).sign_in("siti")) == "not_recognised"
        assert reason(await browser.refresh()) == "session_over"
        fresh = "a fresh password 31"
        assert (await password(office, made["code"], fresh)).status_code == 200
        assert reason(await Browser(office).sign_in("siti")) == "not_recognised"
        assert (await Browser(office).sign_in("siti", fresh)).status_code == 200


async def test_rights_are_changed_by_a_person_who_has_just_signed_in() -> None:
    async with desk() as office:
        body = {"login": "siti", "grants": [OPERATOR]}
        machine = office.messaging.headers("admin")
        answer = await office.client.post("/api/accounts", json=body, headers=machine)
        assert answer.json()["type"] == "/problems/sign-in-too-old"


async def test_accounts_are_listed_without_names_and_shown_with() -> None:
    async with desk() as office:
        one = await person(office, "siti", OPERATOR)
        await person(office, "tono", "operator:halo_pamor:32.75")
        headers = office.messaging.headers("admin", "botram", "32.16")
        listed = await office.client.get("/api/accounts", headers=headers)
        assert [item["account_id"] for item in listed.json()["items"]] == [one.account_id]
        assert "siti" not in listed.text
        path = f"/api/accounts/{one.account_id}"
        assert (await office.client.get(path, headers=headers)).json()["login"] == "siti"
        other = office.messaging.headers("admin", "halo_pamor", "32.75")
        assert (await office.client.get(path, headers=other)).status_code == 404


async def test_accounts_are_listed_page_by_page() -> None:
    async with desk() as office:
        made = {(await invited(office, f"x{n}", OPERATOR)).json()["account_id"] for n in range(5)}
        seen: list[str] = []
        cursor = ""
        while True:
            path = f"/api/accounts?limit=2{cursor}"
            page = (await office.client.get(path, headers=admin_headers(office))).json()
            seen += [item["account_id"] for item in page["items"]]
            if page["next_cursor"] is None:
                break
            cursor = f"&cursor={page['next_cursor']}"
        assert seen == sorted(made)
