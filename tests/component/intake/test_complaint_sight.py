"""Who sees a complaint: levies go to a supervisor, and nobody sees what is about himself."""

from typing import Any

import pytest

from tests.component.intake.complaining import (
    STAFF,
    TEXT,
    act,
    answer,
    answered,
    listed,
    look,
    made,
    opened,
    step,
)
from tests.component.intake.kit import BOTRAM, Desk, desk
from tests.component.intake.people import invited


async def account(office: Desk, name: str = "tono") -> str:
    """Return the id of an account that there is."""
    made_ = (await invited(office, name, "operator:botram:32.16")).json()
    return str(made_["account_id"])


async def test_levies_and_touts_go_to_a_supervisor() -> None:
    async with desk() as office:
        id_ = (await made(office, kind="supervision"))["complaint_id"]
        assert await listed(office) == []
        assert (await look(office, id_)).status_code == 404
        assert (await step(office, id_, "take")).status_code == 404
        (row,) = await listed(office, "supervisor")
        assert row["complaint_id"] == id_
        assert (await look(office, id_, "supervisor")).json()["text"] == TEXT


async def test_an_operator_hands_up_what_turns_out_to_be_for_a_supervisor() -> None:
    async with desk() as office:
        id_ = (await made(office))["complaint_id"]
        (await step(office, id_, "take")).raise_for_status()
        assert (await step(office, id_, "hand_up")).json() == {"state": "received"}
        assert (await look(office, id_)).status_code == 404
        assert (await step(office, id_, "take", "supervisor")).json() == {"state": "in_work"}


async def test_about_staff_nobody_reads_before_two_have_asked_to() -> None:
    async with desk() as office:
        id_ = (await made(office, **STAFF))["complaint_id"]
        alone = (await look(office, id_, "supervisor", "sri")).json()
        assert (alone["open"], alone["text"], alone["name"]) == (False, None, None)
        for _ in range(2):
            (await step(office, id_, "open", "supervisor", "sri")).raise_for_status()
        once = (await look(office, id_, "supervisor", "sri")).json()
        assert (once["open"], once["text"]) == (False, None)
        early = await step(office, id_, "take", "supervisor", "sri")
        assert (early.status_code, early.json()["reason"]) == (409, "not_opened")
        assert office.messaging.documents("person_reads") == []

        (await step(office, id_, "open", "auditor", "budi")).raise_for_status()

        for role, who in (("supervisor", "sri"), ("auditor", "budi"), ("head", "tuti")):
            assert (await look(office, id_, role, who)).json()["text"] == TEXT
        deeds = [one["deed"] for one in office.messaging.documents("audit")]
        assert deeds.count("complaint_opened") == 2
        assert len(office.messaging.documents("person_reads")) == 3


@pytest.mark.parametrize("role", ["supervisor", "agent+supervisor", "agent+head", "agent+auditor"])
async def test_before_it_is_known_whom_nobody_of_his_role_sees_it(role: str) -> None:
    async with desk() as office:
        about = role.partition("+")[0]
        id_ = (await made(office, kind="supervision", about=about))["complaint_id"]
        assert await listed(office, role, "doni") == []
        for answered_ in (
            await look(office, id_, role, "doni"),
            await step(office, id_, "open", role, "doni"),
        ):
            assert answered_.status_code == 404
            assert TEXT not in answered_.text


async def test_whom_it_is_about_never_sees_it_again_and_does_not_count_as_one_of_two() -> None:
    async with desk() as office:
        tono = await account(office)
        id_ = (await made(office, **STAFF))["complaint_id"]
        await opened(office, id_, "sri", tono)
        assert (await look(office, id_, "supervisor", tono)).json()["text"] == TEXT

        path = f"/complaints/{id_}/accused"
        named = await act(office, "POST", path, "supervisor", "sri", json={"account_id": tono})

        assert named.status_code == 200, named.text
        for role in ("supervisor", "head", "auditor"):
            assert await listed(office, role, tono) == []
            assert (await look(office, id_, role, tono)).status_code == 404
        assert (await look(office, id_, "supervisor", "sri")).json()["text"] is None
        await opened(office, id_, "tuti")
        assert (await look(office, id_, "supervisor", "sri")).json()["text"] == TEXT
        trail = [one for one in office.messaging.documents("audit") if tono in str(one["said"])]
        assert [one["deed"] for one in trail if one["about"] == id_] == []


async def test_once_he_is_known_the_others_of_his_role_may_see_it() -> None:
    async with desk() as office:
        tono = await account(office)
        id_ = (await made(office, kind="supervision", about="operator"))["complaint_id"]
        assert (await look(office, id_, "operator+supervisor", "doni")).status_code == 404
        await opened(office, id_, "sri", "tuti")
        path = f"/complaints/{id_}/accused"
        how: dict[str, Any] = {"json": {"account_id": tono}}
        (await act(office, "POST", path, "supervisor", "sri", **how)).raise_for_status()
        shown = await look(office, id_, "operator+supervisor", "doni")
        assert (shown.status_code, shown.json()["text"]) == (200, TEXT)
        assert (await look(office, id_, "operator", "doni")).status_code == 404


async def test_who_is_named_has_an_account_and_is_not_the_one_who_names() -> None:
    async with desk() as office:
        id_ = (await made(office, **STAFF))["complaint_id"]
        await opened(office, id_, "sri", "tuti")
        path = f"/complaints/{id_}/accused"
        for account_id, reason in (("sri", "own_account"), ("a-nobody", "account_unknown")):
            body = {"account_id": account_id}
            refused = await act(office, "POST", path, "supervisor", "sri", json=body)
            assert (refused.status_code, refused.json()["reason"]) == (409, reason)
        plain = (await made(office, kind="supervision"))["complaint_id"]
        body = {"account_id": await account(office)}
        path = f"/complaints/{plain}/accused"
        refused = await act(office, "POST", path, "supervisor", "sri", json=body)
        assert (refused.status_code, refused.json()["reason"]) == (409, "not_about_staff")


async def test_about_staff_another_person_ends_it_than_who_answered() -> None:
    async with desk() as office:
        id_ = (await answered(office, **STAFF))["complaint_id"]
        own = await step(office, id_, "close", "supervisor", "agus")
        assert (own.status_code, own.json()["reason"]) == (409, "own_answer")
        assert (await step(office, id_, "close", "supervisor", "sri")).json() == {"state": "closed"}


async def test_an_auditor_reads_what_is_about_staff_and_changes_nothing() -> None:
    async with desk() as office:
        plain = (await made(office))["complaint_id"]
        levies = (await made(office, kind="supervision"))["complaint_id"]
        id_ = (await made(office, **STAFF))["complaint_id"]
        await opened(office, id_, "sri", "tuti")
        (row,) = await listed(office, "auditor", "budi")
        assert row["complaint_id"] == id_
        for other in (plain, levies):
            assert (await look(office, other, "auditor", "budi")).status_code == 404
        assert (await step(office, id_, "take", "auditor", "budi")).status_code == 403
        assert (await answer(office, id_, "auditor", "budi")).status_code == 403


async def test_a_confidential_name_is_for_who_leads() -> None:
    async with desk() as office:
        id_ = (await made(office, secrecy="confidential"))["complaint_id"]
        operator = (await look(office, id_)).json()
        assert (operator["text"], operator["name"], operator["phone"]) == (TEXT, None, None)
        assert (await look(office, id_, "supervisor")).json()["name"] == "Siti Contoh"


async def test_a_page_of_the_list_is_full_where_others_are_hidden_between() -> None:
    async with desk() as office:
        # Of one last day, they stand in the order in which they came.
        alike = {**BOTRAM, "complaint_days": {"supervision": 14}}
        (await office.publish("botram", alike)).raise_for_status()
        shown = []
        for _ in range(3):
            shown.append((await made(office))["complaint_id"])
            await made(office, kind="supervision", about="operator")
        path = "/complaints?programme_id=botram&limit=2"
        first = (await act(office, "GET", path, "operator")).json()
        second = (
            await act(office, "GET", f"{path}&cursor={first['next_cursor']}", "operator")
        ).json()
        found = [one["complaint_id"] for page in (first, second) for one in page["items"]]
        assert (len(first["items"]), found) == (2, shown)
        assert second["next_cursor"] is None


async def test_elsewhere_nobody_sees_it() -> None:
    async with desk() as office:
        id_ = (await made(office, region_code="32.16.18"))["complaint_id"]
        for grant, status in (("32.16.06", 403), ("32.16.18", 200), ("32.16", 200)):
            headers = office.messaging.headers("operator", "botram", grant)
            found = await office.client.get(f"/api/complaints/{id_}", headers=headers)
            assert found.status_code == status
        headers = office.messaging.headers("operator", "halo_pamor", "32.75")
        found = await office.client.get(f"/api/complaints/{id_}", headers=headers)
        assert found.status_code == 403
