"""Intake's reads while MongoDB is away, and a resident's question among them."""

from services.intake.api import RULES
from tests.component.away import assert_put_off, reads
from tests.component.intake.kit import at_home, desk
from tests.component.intake.test_sessions import at_work

PATHS = {
    "GET /api/programmes": "/programmes",
    "GET /api/programmes/{programme_id}": "/programmes/botram",
    "GET /api/programmes/{programme_id}/catalogue": "/programmes/botram/catalogue",
    "GET /api/programmes/{programme_id}/sop": "/programmes/botram/sop",
    "GET /api/requests/{case_id}/hints": "/requests/case-1/hints",
    "GET /api/batches/{batch_id}": "/batches/batch-1",
    "GET /api/requests/{case_id}/outside": "/requests/case-1/outside",
    "GET /api/requests/{case_id}/checklist": "/requests/case-1/checklist",
    "GET /api/requests": "/requests?programme_id=botram",
    "GET /api/requests/{case_id}": "/requests/case-1",
    "GET /api/visits/{visit_id}": "/visits/visit-1",
    "GET /api/counters/{event_id}": (
        "/counters/event-1?device=0f8fad5b-d9cb-469f-a165-70867728950e"
    ),
    "GET /api/offices/{programme_id}": "/offices/botram?channel=event",
    "GET /api/counters/{event_id}/counts": "/counters/event-1/counts",
    "GET /api/requests/{case_id}/papers": "/requests/case-1/papers",
    "GET /api/requests/{case_id}/document": "/requests/case-1/document",
    "GET /api/requests/{case_id}/document/content": "/requests/case-1/document/content",
    "GET /api/requests/{case_id}/papers/{file_id}/content": "/requests/case-1/papers/f-1/content",
}
ADMINS = {
    "GET /api/devices": "/devices",
    "GET /api/accounts": "/accounts",
    "GET /api/account-requests": "/account-requests",
    "GET /api/accounts/{account_id}": "/accounts/a-1",
    "GET /api/accounts/{account_id}/devices": "/accounts/a-1/devices",
    "GET /api/security-records": "/security-records",
}
AGENTS = {"GET /api/requests/{case_id}/address": "/requests/case-1/address"}
IMPORTERS = {
    "GET /api/imports": "/imports?programme_id=botram",
    "GET /api/imports/{import_id}": "/imports/i-1",
    "GET /api/imports/{import_id}/dry-run": "/imports/i-1/dry-run?without_event=true",
    "GET /api/imports/{import_id}/refusals": "/imports/i-1/refusals",
    "GET /api/imports/{import_id}/report": "/imports/i-1/report",
}
SUPERVISORS = {
    "GET /api/late-requests": "/late-requests?programme_id=botram",
    "GET /api/rights-requests": "/rights-requests?programme_id=botram",
    "GET /api/complaints": "/complaints?programme_id=botram",
    "GET /api/complaints/{complaint_id}": "/complaints/k-1",
    "GET /api/complaint-figures": "/complaint-figures?programme_id=botram&year=2023",
    "GET /api/residents/{resident_id}": "/residents/r-1",
}


async def test_every_read_is_put_off() -> None:
    assert {*PATHS, *ADMINS, *AGENTS, *SUPERVISORS, *IMPORTERS} == reads(RULES)
    async with desk() as office:
        office.messaging.memory.away = True
        for path in PATHS.values():
            assert_put_off(await office.operator("GET", path))
        for path in ADMINS.values():
            assert_put_off(await office.ask("GET", path, "admin"))
        for path in AGENTS.values():
            assert_put_off(await office.ask("GET", path, "agent"))
        for path in IMPORTERS.values():
            assert_put_off(await office.importer("GET", path))
        for path in SUPERVISORS.values():
            assert_put_off(await office.ask("GET", path, "supervisor"))
        office.messaging.memory.away = False


async def test_whoever_signs_in_is_told_to_come_back() -> None:
    async with desk() as office:
        _, browser = await at_work(office)
        office.messaging.memory.away = True
        assert_put_off(await browser.sign_in("siti"))
        office.messaging.memory.away = False
        assert (await browser.refresh()).status_code == 200


async def test_a_resident_is_told_to_come_back() -> None:
    async with desk() as office:
        recorded = await office.record(at_home())
        office.messaging.memory.away = True
        assert_put_off(await office.track(recorded["tracking_code"]))
        assert_put_off(await office.confirm(recorded))
        office.messaging.memory.away = False
        assert (await office.track(recorded["tracking_code"])).status_code == 200
