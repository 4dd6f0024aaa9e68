"""Every changing route leaves an action and an actor, and every look at a person a line."""

import json
from typing import Any

import httpx
import pytest

from services.intake.api import (
    RULES,
    batches,
    complaint_steps,
    complaints,
    corrections,
    documents,
    imports,
    outside,
    residents,
    restriction,
)
from shared.auth.rules import PUBLIC
from shared.contracts.courier import DocumentCollected
from shared.testing.callers import NOW
from shared.testing.memory import Fault
from tests.component.intake.catalogues import catalogue, publish
from tests.component.intake.desk_kit import ROUTES as DESK_ROUTES
from tests.component.intake.desk_kit import sent as sent_at_desk
from tests.component.intake.desk_kit import stands_ready
from tests.component.intake.kit import BOTRAM, Desk, at_event, at_home, desk, in_visit
from tests.component.intake.own import send_own
from tests.component.intake.test_rights import (
    ACCOUNTS,
    Row,
    ask_of_accounts,
    ask_of_batches,
    ask_of_complaints,
    ask_of_documents,
    ask_of_imports,
    ask_of_programme,
    ask_of_residents,
    ask_of_sop,
    what_is_sent,
)
from tests.unit.files.samples import image
from tests.unit.intake.bus import job
from tests.unit.intake.sample import NIK, home_case

LOOK = "GET /api/requests/{case_id}"
READ_ONLY = {"POST /api/track"}
"""Routes with a body that change nothing."""
SEND = "POST /api/requests/{case_id}/papers"
BIND = "POST /api/requests/{case_id}/papers/{file_id}"
ASK = "POST /api/rights-requests"
ANSWER = "POST /api/rights-requests/{request_id}/answer"
WAIVE = "POST /api/requests/{case_id}/checklist/{requirement_id}/waiver"
SEE = "POST /api/requests/{case_id}/checklist/{requirement_id}/seen"
PARTIES = "POST /api/requests/{case_id}/parties"
RESIDENTS = {
    route
    for rules in (residents.RULES, restriction.RULES, corrections.RULES)
    for route in rules
    if not route.startswith("GET ")
}
BATCHES = {route for route in batches.RULES if not route.startswith("GET ")}
ERRANDS = {route for route in outside.RULES if not route.startswith("GET ")}
DOCUMENTS = {route for route in documents.RULES if not route.startswith("GET ")}
IMPORTS = {route for route in imports.RULES if not route.startswith("GET ")}
COMPLAINTS = {
    route for route in {**complaints.RULES, **complaint_steps.RULES} if not route.startswith("GET ")
}
OWN = "POST /api/track/papers/{kind}"
SILENT = {
    *(SEND, BIND, ASK, ANSWER, WAIVE, SEE, PARTIES, OWN),
    *(*RESIDENTS, *DOCUMENTS, *IMPORTS, *DESK_ROUTES, *BATCHES, *ERRANDS),
    *(COMPLAINTS - {"POST /api/complaints"}),
}
"""Routes that change what no other service needs to know."""
COPY = {"programme_id": "sregep", "name": "SREGEP", "owner": "Bagian Kesra"}


async def brought(office: Desk) -> dict[str, Any]:
    """Return a request whose document an agent has fetched."""
    recorded = await office.record(at_home())
    (await office.step(recorded["case_id"], "issue")).raise_for_status()
    fetched = job(DocumentCollected, home_case(), case_id=recorded["case_id"])
    await office.messaging.deliver(fetched)
    return recorded


SOP = {"PUT /api/programmes/{programme_id}/sop"}
APART = (
    (BATCHES, "operator", "32.16.18.2001", ask_of_batches, "agus"),
    (ERRANDS, "operator", "32.16.18.2001", ask_of_programme, "agus"),
    (COMPLAINTS, "supervisor", "32.16.18.2001", ask_of_complaints, "agus"),
    (SOP, "admin", "32.16", ask_of_sop, "asker"),
    (IMPORTS, "importer", "32.16", ask_of_imports, "agus"),
    (RESIDENTS, "supervisor", "32.16.18.2001", ask_of_residents, "asker"),
    (DOCUMENTS, "operator", "32.16.18.2001", ask_of_documents, "asker"),
)
"""Routes that are asked as the table of rights asks them: by which role, where, how, as whom."""


async def change(route: str, office: Desk) -> tuple[httpx.Response, str]:
    """Use a changing route; return the answer and who is to have done it."""
    method, path = route.split()
    if route == "POST /api/track/receipt":
        return await office.confirm(await brought(office)), "resident"
    if route == OWN:
        return await send_own(office), "resident"
    if route in (ASK, ANSWER):
        row = Row(route, "supervisor", "*", "*", "botram", "32.16.18.2001", 0)
        path, sent = await what_is_sent(row, office)
        headers = office.messaging.headers("supervisor", subject="account-7")
        return await office.client.request(method, path, headers=headers, **sent), "account-7"
    for routes, role, region, ask, actor in APART:
        if route in routes:
            return await ask(Row(route, role, "*", "*", "botram", region, 0), office), actor
    if route in DESK_ROUTES:
        case_id = await stands_ready(route, at_event(), office, "account-7")
        headers = office.messaging.headers("operator", subject="account-7")
        path = path.replace("{case_id}", case_id)
        sent = sent_at_desk(route)
        return await office.client.request(method, path, headers=headers, **sent), "account-7"
    body: dict[str, Any] | None = {
        "PUT /api/programmes/{programme_id}": {**BOTRAM, "name": "Botram"},
        "POST /api/programmes/{programme_id}/copies": COPY,
        "POST /api/requests": at_event(),
        "POST /api/visits": in_visit(),
        "POST /api/requests/{case_id}/steps": {"step": "verify"},
        SEND: None,
        BIND: {"kind": "photo"},
        "PUT /api/programmes/{programme_id}/catalogue": catalogue(),
        PARTIES: {"party": "reporter", "name": "Pelapor Contoh"},
        WAIVE: {"reason": "seen_in_siak"},
        SEE: None,
    }[route]
    if route in (WAIVE, SEE):
        (await publish(office)).raise_for_status()
    if "{case_id}" in path:
        case_id = (await office.record(at_event()))["case_id"]
        if route == BIND:
            path = path.replace(
                "{file_id}", (await office.send(case_id, image())).json()["file_id"]
            )
        path = path.replace("{case_id}", case_id)
    path = path.replace("{programme_id}", "botram").replace("{requirement_id}", "family_card")
    role = "admin" if "programmes" in path else "operator"
    headers = office.messaging.headers(role, subject="account-7")
    how: dict[str, Any] = {"content": image()} if route == SEND else {"json": body}
    return await office.client.request(method, path, headers=headers, **how), "account-7"


async def test_every_changing_route_leaves_an_action_and_its_events_the_actor() -> None:
    changing = (
        {route for route in RULES if not route.startswith("GET ")} - READ_ONLY - set(ACCOUNTS)
    )
    for route in sorted(changing):
        async with desk() as office:
            answer, actor = await change(route, office)

            assert answer.is_success, answer.text
            last = office.messaging.documents("actions")[-1]
            assert (last["action"], last["actor"]) == (route, actor)
            assert last["changed"]
            assert route in SILENT or office.messaging.messages[-1].envelope.actor == actor
            kept = json.dumps(office.messaging.documents("actions"), default=str)
            assert NIK not in kept
            assert "Siti" not in kept


@pytest.mark.parametrize("route", [route for route in ACCOUNTS if not route.startswith("GET ")])
async def test_every_change_of_accounts_and_sessions_leaves_an_action(route: str) -> None:
    role = "nobody" if RULES[route] == PUBLIC else "admin"
    row = Row(route, role, "botram", "32.16", "botram", "32.16", 0)
    async with desk() as office:
        answer = await ask_of_accounts(row, office)

        assert answer.is_success, answer.text
        last = office.messaging.documents("actions")[-1]
        assert last["action"] == route
        assert last["actor"].startswith("a-")
        assert last["changed"]
        kept = json.dumps(office.messaging.documents("actions"), default=str)
        assert not any(name in kept for name in ("siti", "tono", "somebody"))


async def test_every_look_at_a_person_is_kept_with_who_when_and_how() -> None:
    async with desk() as office:
        case_id = (await office.record(at_home()))["case_id"]
        headers = office.messaging.headers("operator", subject="account-7")

        for _ in range(2):
            await office.client.get(f"/api/requests/{case_id}", headers=headers)

        reads = office.messaging.documents("person_reads")
        looks = [{**read, "_id": "", "at": read["at"][:16]} for read in reads]
        line = {
            "_id": "",
            "version": 1,
            "subject": "account-7",
            "case_id": case_id,
            "at": NOW.isoformat()[:16],
            "route": LOOK,
            "reason": None,
        }
        assert looks == [line, line]


async def test_who_is_refused_and_lists_without_persons_leave_no_line() -> None:
    async with desk() as office:
        case_id = (await office.record(at_home()))["case_id"]

        await office.ask("GET", f"/requests/{case_id}", "operator", "halo_pamor", "32.16")
        await office.operator("GET", "/requests/unheard-of")
        await office.operator("GET", "/requests?programme_id=halo_pamor")

        assert office.messaging.documents("person_reads") == []


async def test_nobody_is_shown_before_the_line_is_written() -> None:
    async with desk() as office:
        case_id = (await office.record(at_home()))["case_id"]
        store = office.messaging.store
        store.faults.extend([Fault.AWAY])

        shown = await office.operator("GET", f"/requests/{case_id}")

        assert shown.status_code == 200
        assert not store.faults
        assert len(office.messaging.documents("person_reads")) == 1
