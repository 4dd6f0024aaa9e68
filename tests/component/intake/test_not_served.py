"""A cancelled event, and who was not served: what residents and clerks are told."""

from services.intake.app import TEXTS
from shared.contracts.scheduler import OfferKind, TicketEnded, TicketIssued
from shared.web.texts import Texts
from tests.component.intake.kit import Desk, at_event, desk
from tests.unit.intake.bus import scheduled, ticket
from tests.unit.intake.sample import home_case

WORDS = Texts.load(TEXTS)


async def recorded(office: Desk) -> str:
    """Record a request of the event with a ticket; return its tracking code."""
    found = await office.record(at_event())
    about = {"case_id": found["case_id"], "programme_id": "botram"}
    await office.messaging.deliver(ticket(TicketIssued, home_case(), **about))
    ended = {"end": "unserved", "offers": ["next_event", "courier"], **about}
    await office.messaging.deliver(ticket(TicketEnded, home_case(), **ended), version=2)
    return str(found["tracking_code"])


async def page(office: Desk, code: str) -> str:
    answer = await office.client.post("/lacak", data={"kode": code})
    return str(answer.raise_for_status().text)


async def test_who_was_not_served_reads_so_and_what_else_he_can_do() -> None:
    async with desk() as office:
        code = await recorded(office)
        told = (await office.track(code)).json()
        shown = await page(office, code)
    assert (told["next"], told["awaited_from"]) == ("not_served", "resident")
    assert [one["kind"] for one in told["offers"]] == ["next_event", "courier"]
    assert "belum terlayani" in shown
    assert "Cara lain untuk Anda" in shown
    assert "Berkas dijemput dan dokumen diantar ke rumah" in shown
    assert "tunggu nomor antrean Anda dipanggil" not in shown


async def test_once_the_office_has_verified_it_the_other_ways_are_gone() -> None:
    async with desk() as office:
        code = await recorded(office)
        [case] = office.messaging.documents("cases")
        (await office.step(case["_id"], "verify")).raise_for_status()
        told = (await office.track(code)).json()
    assert (told["next"], told["offers"]) == ("processing", [])


async def test_whoever_waits_for_a_cancelled_event_is_told_not_to_come() -> None:
    async with desk() as office:
        code = await recorded(office)
        await office.messaging.deliver(scheduled(cancelled=True), version=9)
        told = (await office.track(code)).json()
        shown = await page(office, code)
    assert (told["next"], told["event"]["cancelled"]) == ("event_cancelled", True)
    assert "Acara ini dibatalkan. Jangan datang ke lokasi acara." in shown
    assert "<strong>Dibatalkan</strong>" in shown
    assert "Cara lain untuk Anda" in shown


async def test_for_a_cancelled_event_nothing_is_taken_or_shown() -> None:
    async with desk() as office:
        headers = {**office.messaging.headers("operator"), "Accept": "text/html"}
        assert "BOTRAM Setu" in (await office.client.get("/konter", headers=headers)).text
        await office.messaging.deliver(scheduled(cancelled=True), version=9)

        refused = await office.operator("POST", "/requests", json=at_event())
        places = await office.client.get("/ke-mana", headers={"Accept": "text/html"})
        listed = await office.client.get("/konter", headers=headers)
    assert (refused.status_code, refused.json()["reason"]) == (409, "event_cancelled")
    assert refused.json()["detail"].startswith("event_id: ")
    assert "BOTRAM Setu" not in places.text
    assert "BOTRAM Setu" not in listed.text


def test_every_offer_has_its_words() -> None:
    assert all(f"offer.{kind}" in WORDS for kind in OfferKind)
