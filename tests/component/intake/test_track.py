"""A request's status for whoever has its code."""

from typing import Any

import pytest

from services.intake.app import TEXTS
from services.intake.domain import Secrets
from shared.contracts.courier import DeliveryConfirmed, DeliveryReported, DocumentCollected
from shared.contracts.scheduler import TicketIssued
from shared.web.texts import Texts
from tests.component.intake.kit import SECRET, Desk, at_event, at_home, desk
from tests.unit.intake.bus import job, ticket
from tests.unit.intake.sample import NIK, home_case


async def test_a_code_tells_how_a_request_stands_and_nothing_of_the_person() -> None:
    async with desk() as office:
        recorded = await office.record(at_event(applicant={"name": "Sukarno", "nik": NIK}))
        about = {"case_id": recorded["case_id"], "programme_id": "botram"}
        await office.messaging.deliver(ticket(TicketIssued, home_case(), **about))

        answer = await office.track(recorded["tracking_code"])

        assert answer.status_code == 200
        assert answer.json() == {
            "programme": "BOTRAM",
            "service": "Kartu Identitas Anak",
            "state": "received",
            "state_text": "Permohonan sudah masuk",
            "ticket_number": 17,
            "event": {
                "name": "BOTRAM Setu",
                "place": "Stadion Mini Desa Cijengkol",
                "on": "2023-03-11",
                "on_text": "Sabtu, 11 Maret 2023",
                "cancelled": False,
            },
            "due_on": "2023-03-15",
            "due_on_text": "Rabu, 15 Maret 2023",
            "next": "wait_for_number",
            "next_text": "Datang ke lokasi acara dan tunggu nomor antrean Anda dipanggil.",
            "offers": [],
            "awaited_from": "resident",
            "awaited_text": "Anda",
            "late": False,
            "late_text": None,
            "awaits_receipt": False,
            "lacking": [],
            "to_correct": [],
            "paused": False,
            "paused_text": None,
            "erasure_declined": None,
            "erasure_declined_text": None,
        }


async def test_a_code_is_read_as_people_write_it() -> None:
    async with desk() as office:
        code = (await office.record(at_home()))["tracking_code"]

        spoken = code.lower().replace("-", " ").replace("0", "o").replace("1", "l")

        assert (await office.track(spoken)).json()["programme"] == "HALO PAMOR"


async def test_unknown_and_malformed_codes_look_the_same() -> None:
    async with desk() as office:
        answers = [
            await office.track(code)
            for code in ("7K2M-9QXT-04BC-ZV3H", "hello", "", "🙂", "U" * 500, "' or 1=1")
        ]

        assert {answer.status_code for answer in answers} == {404}
        assert len({answer.text for answer in answers}) == 1
        assert "Kode tidak ditemukan" in answers[0].text


@pytest.mark.parametrize("body", [{}, {"code": 7}, {"code": "x", "case": "y"}, {"code": "x" * 501}])
async def test_a_body_that_is_none(body: dict[str, Any]) -> None:
    async with desk() as office:
        answer = await office.client.post("/api/track", json=body)

        assert answer.status_code == 422
        assert answer.json()["errors"]


async def test_right_codes_do_not_count_and_wrong_ones_do() -> None:
    async with desk(per_client="3/minute") as office:
        recorded = await office.record(at_home())
        code = recorded["tracking_code"]

        right = [(await office.track(code)).status_code for _ in range(25)]
        early = (await office.confirm(recorded)).status_code
        wrong = [(await office.track("wrong")).status_code for _ in range(3)]
        stopped = await office.track(code)

        assert (right, early, wrong) == ([200] * 25, 409, [404] * 3)
        assert stopped.status_code == 429
        assert int(stopped.headers["Retry-After"]) >= 1
        assert "Terlalu banyak percobaan" in stopped.json()["detail"]


async def test_wrong_receipt_codes_close_the_case_to_guessing_and_no_other() -> None:
    async with desk(per_case="2/hour") as office:
        recorded, other = await brought(office), await brought(office)

        wrong = [
            (await office.confirm(recorded, receipt_code="7K2M-9QXT")).status_code for _ in range(3)
        ]
        right = (await office.confirm(recorded)).status_code

        assert (wrong, right) == ([404, 404, 429], 429)
        assert (await office.track(recorded["tracking_code"])).status_code == 200
        assert (await office.confirm(other)).status_code == 200


async def test_after_a_change_of_the_secret_old_codes_still_work() -> None:
    async with desk(secret=f"a newer secret of thirty-two bytes\n{SECRET}\n") as office:
        recorded = await brought(office)
        older = Secrets(SECRET.encode()).receipt_code(recorded["case_id"])

        assert older != recorded["receipt_code"]
        assert (await office.confirm(recorded, receipt_code=older)).status_code == 200


async def brought(office: Desk) -> dict[str, Any]:
    """Return a request whose document an agent says he has handed over."""
    recorded = await office.record(at_home())
    (await office.step(recorded["case_id"], "issue")).raise_for_status()
    for event in (DocumentCollected, DeliveryReported):
        await office.messaging.deliver(job(event, home_case(), case_id=recorded["case_id"]))
    return recorded


async def test_a_recipient_confirms_once() -> None:
    async with desk() as office:
        recorded = await brought(office)
        asked = (await office.track(recorded["tracking_code"])).json()

        answers = [await office.confirm(recorded) for _ in range(2)]
        after = (await office.track(recorded["tracking_code"])).json()

        assert (asked["next"], asked["awaits_receipt"]) == ("confirm_receipt", True)
        assert [answer.status_code for answer in answers] == [200, 200]
        assert answers[0].json() == answers[1].json()
        told = [e.type for e in office.messaging.published]
        assert told.count("intake.receipt_confirmed.v1") == 1
        assert (after["next"], after["awaits_receipt"]) == ("receipt_noted", False)


async def test_with_the_agents_word_the_case_is_closed() -> None:
    async with desk() as office:
        recorded = await brought(office)
        (await office.confirm(recorded)).raise_for_status()
        await office.messaging.deliver(
            job(DeliveryConfirmed, home_case(), case_id=recorded["case_id"])
        )

        after = (await office.track(recorded["tracking_code"])).json()

        assert (after["state"], after["next"]) == ("closed", "delivered")
        assert office.messaging.published[-1].type == "intake.request_closed.v1"


async def test_a_wrong_receipt_code_looks_like_an_unknown_code() -> None:
    async with desk() as office:
        recorded = await brought(office)

        wrong = [
            await office.confirm(recorded, receipt_code=code)
            for code in ("7K2M-9QXT", "", recorded["tracking_code"])
        ]
        unknown = await office.confirm(recorded, code="7K2M-9QXT-04BC-ZV3H")
        missing = await office.track(recorded["tracking_code"], "/receipt")

        assert {answer.status_code for answer in (*wrong, unknown)} == {404}
        assert {answer.text for answer in wrong} == {unknown.text}
        assert missing.status_code == 422
        assert "intake.receipt_confirmed.v1" not in [e.type for e in office.messaging.published]


async def test_who_has_no_receipt_code_gives_his_word_to_an_operator() -> None:
    async with desk() as office:
        recorded = await office.record(at_home())
        case_id = recorded["case_id"]
        (await office.step(case_id, "issue")).raise_for_status()
        early = await office.step(case_id, "confirm_receipt")
        await office.messaging.deliver(job(DocumentCollected, home_case(), case_id=case_id))

        taken = await office.step(case_id, "confirm_receipt")

        assert (early.status_code, early.json()["reason"]) == (409, "not_delivered_yet")
        assert taken.json() == {"state": "issued"}
        told = [e.type for e in office.messaging.published]
        assert told.count("intake.receipt_confirmed.v1") == 1


def receipt_code(recorded: dict[str, Any]) -> str:
    """Return the code of a request, also where none was handed out."""
    return Secrets(SECRET.encode()).receipt_code(recorded["case_id"])


@pytest.mark.parametrize(
    ("body", "steps", "reason"),
    [
        (at_home(), (), "not_issued"),
        (at_home(), ("issue",), "not_delivered_yet"),
        (at_event(), ("issue",), "nothing_to_deliver"),
        (at_home(), ("reject",), "closed"),
    ],
)
async def test_nothing_is_received_that_was_not_brought(
    body: dict[str, Any], steps: tuple[str, ...], reason: str
) -> None:
    async with desk() as office:
        recorded = await office.record(body)
        for step in steps:
            (await office.step(recorded["case_id"], step)).raise_for_status()

        refused = await office.confirm(recorded, receipt_code=receipt_code(recorded))
        unknown = await office.confirm(recorded, code="wrong", receipt_code="wrong")

        assert (refused.status_code, refused.json()["reason"]) == (409, reason)
        assert refused.json()["detail"] == Texts.load(TEXTS)(f"receipt.{reason}")
        assert unknown.status_code == 404
        told = [e.type for e in office.messaging.published]
        assert "intake.receipt_confirmed.v1" not in told
