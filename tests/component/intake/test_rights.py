"""Who may do what: the hand-kept table, row by row, and that it leaves no route out."""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.intake import api, pages
from services.intake.api import (
    account_requests,
    accounts,
    batches,
    complaint_steps,
    complaints,
    corrections,
    devices,
    documents,
    import_refusals,
    imports,
    invitations,
    own_papers,
    residents,
    restriction,
    session,
    sop,
)
from services.intake.pages.security import SECURITY
from shared.auth.roles import Role
from shared.auth.rules import PUBLIC
from shared.contracts.courier import DocumentCollected, JobAssigned
from shared.testing.callers import HOST
from shared.web.session import STATE
from tests.component.intake import complaining, printing, sops
from tests.component.intake.catalogues import catalogue
from tests.component.intake.catalogues import publish as publish_catalogue
from tests.component.intake.desk_kit import ROUTES as DESK_ROUTES
from tests.component.intake.desk_kit import sent as sent_at_desk
from tests.component.intake.desk_kit import stands_ready
from tests.component.intake.kit import (
    BOTRAM,
    HALO_PAMOR,
    Desk,
    at_event,
    at_home,
    desk,
    in_visit,
)
from tests.component.intake.own import send_own
from tests.component.intake.people import PASSWORD, Browser, Person, invited, linked
from tests.component.intake.test_sessions import at_work
from tests.unit.files.letters import card
from tests.unit.files.samples import image
from tests.unit.files.tables import GOOD, separated
from tests.unit.intake.bus import job
from tests.unit.intake.sample import EVENT, home_case

PROGRAMMES = {"botram": BOTRAM, "halo_pamor": HALO_PAMOR}


@dataclass(frozen=True)
class Row:
    """One line: who asks, by which grant, for what, and what the answer is."""

    route: str
    role: str
    grant_programme: str
    grant_region: str
    programme: str
    region: str
    status: int

    def __str__(self) -> str:
        grant = f"{self.role}:{self.grant_programme}:{self.grant_region}"
        return f"{self.route} by {grant} in {self.programme}:{self.region}"


def rows() -> list[Row]:
    with Path(__file__).with_name("rights.csv").open(encoding="utf-8", newline="") as file:
        return [Row(status=int(line.pop("status")), **line) for line in csv.DictReader(file)]


ROWS = rows()
CLASS = "nama;tanggal_lahir;persetujuan\nAni Contoh;1 Mei 2016;ya"
LAPTOP = "0f8fad5b-d9cb-469f-a165-70867728950e"
REASON = {"reason": "Permintaan warga"}


def request_body(row: Row) -> dict[str, Any]:
    make = at_event if row.programme == "botram" else at_home
    return make(region_code=row.region)


def visit_body(row: Row) -> dict[str, Any]:
    if row.programme == "botram":
        return in_visit(region_code=row.region)
    home = {"programme_id": "halo_pamor", "channel": "agent", "event_id": None}
    return in_visit(region_code=row.region, **home)


def command(row: Row) -> dict[str, Any]:
    """Return the body that a route's command takes, for the row's target."""
    return {
        "PUT /api/programmes/{programme_id}": {
            **PROGRAMMES.get(row.programme, BOTRAM),
            "name": "Renamed",
            "region_code": row.region,
        },
        "POST /api/programmes/{programme_id}/copies": {
            "programme_id": "sregep",
            "name": "SREGEP",
            "owner": "Bagian Kesra Setda Kabupaten Bekasi",
        },
        "PUT /api/programmes/{programme_id}/catalogue": catalogue(),
        "PUT /api/programmes/{programme_id}/sop": sops.body(),
        "POST /api/requests/{case_id}/checklist/{requirement_id}/waiver": {
            "reason": "seen_in_siak"
        },
        "POST /api/requests": request_body(row) if row.region.count(".") > 2 else {},
        "POST /api/visits": visit_body(row),
        "POST /api/requests/{case_id}/steps": {"step": "verify"},
        "POST /api/requests/{case_id}/outside": {"system": "siak"},
        "POST /api/requests/{case_id}/parties": {"party": "reporter", "name": "Pelapor Contoh"},
        "POST /api/residents/{resident_id}/correction": {"name": "Siti Benar"},
        "POST /api/residents/{resident_id}/erasure/refusal": REASON,
        "POST /api/residents/{resident_id}/restriction": REASON,
        "POST /api/residents/{resident_id}/restriction/lift": REASON,
        "POST /api/requests/{case_id}/papers/{file_id}": {"kind": "family_card"},
    }.get(row.route, {})


async def sent_file(case_id: str, row: Row, office: Desk) -> str:
    """Send a file, bound where the row is about its content, and return its id."""
    file_id = str((await office.send(case_id, image())).raise_for_status().json()["file_id"])
    if row.route.endswith("/content"):
        (await office.bind(case_id, file_id)).raise_for_status()
    return file_id


PAGES_OF_CATALOGUES = ("/layanan", "/petunjuk/katalog")


async def needed(path: str, office: Desk) -> None:
    """Publish a catalogue where the route is about one."""
    if "catalogue" in path or "checklist" in path or path.startswith(PAGES_OF_CATALOGUES):
        (await publish_catalogue(office)).raise_for_status()
    if path.endswith(("/sop", "/steps")):
        (await sops.publish(office)).raise_for_status()


async def ask(row: Row, office: Desk) -> httpx.Response:
    """Ask as the row says, for a case of its programme and region where the route needs one."""
    for routes, asked in APART:
        if row.route in routes:
            return await asked(row, office)
    return await ask_of_programme(row, office)


async def ask_of_programme(row: Row, office: Desk) -> httpx.Response:
    """Ask with one grant, for a case where the route needs one."""
    method, path = row.route.split()
    if not path.startswith("/api/"):
        return await ask_for_page(row, office)
    path, how = await what_is_sent(row, office)
    await needed(path, office)
    if "{case_id}" in path or path.startswith("/api/track"):
        recorded = await office.record(request_body(row))
        await asked_outside(row.route, recorded["case_id"], office)
        if path == "/api/track/receipt":
            await brought(recorded["case_id"], office)
        if path.endswith("/address"):
            given = job(JobAssigned, home_case(), case_id=recorded["case_id"], agent_id="agus")
            await office.messaging.deliver(given)
        if "{file_id}" in path:
            path = path.replace("{file_id}", await sent_file(recorded["case_id"], row, office))
        path = path.replace("{case_id}", recorded["case_id"])
        if path.startswith("/api/track"):
            how = {"json": {"code": recorded["tracking_code"]}}
        if path == "/api/track/receipt":
            how["json"]["receipt_code"] = recorded["receipt_code"]
    path = path.replace("{programme_id}", row.programme)
    path = path.replace("{requirement_id}", "family_card").replace("{event_id}", EVENT)
    path += asked_with(row)
    if row.role == "nobody":
        return await office.client.request(method, path, **how)
    headers = office.messaging.headers(row.role, row.grant_programme, row.grant_region)
    return await office.client.request(method, path, headers=headers, **how)


async def brought(case_id: str, office: Desk) -> None:
    """Have a document issued and fetched by an agent."""
    (await office.step(case_id, "issue")).raise_for_status()
    await office.messaging.deliver(job(DocumentCollected, home_case(), case_id=case_id))


def asked_with(row: Row) -> str:
    """Return the query that a route asks for."""
    if row.route in ("GET /api/requests", "GET /api/late-requests"):
        return f"?programme_id={row.programme}"
    if row.route == "GET /api/offices/{programme_id}":
        return "?channel=eopen"
    return f"?device={LAPTOP}" if row.route == "GET /api/counters/{event_id}" else ""


async def asked_outside(route: str, case_id: str, office: Desk) -> None:
    """Ask a system that stays silent, where the route is about an errand, and let a day pass."""
    if route.endswith(("/outside/again", "GET /api/requests/{case_id}/outside")):
        path = f"/requests/{case_id}/outside"
        (await office.operator("POST", path, json={"system": "siak"})).raise_for_status()
        office.messaging.clock.advance(hours=24)
        await office.messaging.settle()


async def visited(path: str, row: Row, office: Desk) -> str:
    """Record a visit where the route is about one, and return the route with its id."""
    if "{visit_id}" not in path:
        return path
    made = await office.operator("POST", "/visits", json=visit_body(row))
    return path.replace("{visit_id}", made.raise_for_status().json()["visit_id"])


async def what_is_sent(row: Row, office: Desk) -> tuple[str, dict[str, Any]]:
    """Return where the request goes and what is sent with it."""
    method, path = row.route.split()
    path = await visited(path, row, office)
    if not path.startswith("/api/rights-requests"):
        return path, _how(row)
    if method == "GET":
        return f"{path}?programme_id={row.programme}", {}
    recorded = await office.record(request_body(row))
    asked = {"right": "access", "case_id": recorded["case_id"]}
    if "{request_id}" not in path:
        return path, {"json": asked}
    made = await office.operator("POST", "/rights-requests", json=asked)
    body = {"outcome": "granted", "reason": "Salinan diserahkan"}
    return path.replace("{request_id}", made.json()["request_id"]), {"json": body}


def _how(row: Row) -> dict[str, Any]:
    """Return what is sent with the request."""
    if row.route == "POST /api/requests/{case_id}/papers":
        return {"content": image()}
    if row.route.endswith("/again"):
        return {}
    return {"json": command(row)} if row.route.startswith(("POST", "PUT")) else {}


async def ask_for_page(row: Row, office: Desk) -> httpx.Response:
    """Ask as a browser does, at the root of the origin or below the prefix."""
    method, path = row.route.split()
    await needed(path, office)
    path = await visited(path, row, office)
    path = path.replace("{programme_id}/{entry}", "botram/KK")
    path = path.replace("{programme_id}", row.programme).replace("{event_id}", EVENT)
    path = path.replace("{chapter}", "warga-melacak").replace("{channel}", "eopen")
    address = HOST + path if row.route in pages.FRONT_RULES else path
    # The state is asked for by a page's script; a browser would be sent to sign in.
    quiet = path in (STATE, SECURITY) or path.startswith(
        (
            pages.counter.COUNTER,
            pages.record.RECORD,
            pages.history.HISTORY,
            pages.rosters.ROSTERS,
            "/slip-siswa/",
        )
    )
    headers = {"Accept": "*/*" if quiet else "text/html"}
    if row.role != "nobody":
        headers |= office.messaging.headers(row.role, row.grant_programme, row.grant_region)
    if method == "GET":
        return await office.client.get(address, headers=headers)
    recorded = await office.record(request_body(row))
    form = {"kode": recorded["tracking_code"], "token": office.messaging.token("operator")}
    if row.route.startswith("POST /daftar-siswa"):
        form = {"aksi": "catat", "isi": CLASS, "wilayah": "32.75.01"}
    if row.route == "POST /lacak/survei":
        (await office.step(recorded["case_id"], "cancel")).raise_for_status()
    if row.route == "POST /lacak/terima":
        await brought(recorded["case_id"], office)
        form["kode_terima"] = recorded["receipt_code"]
    return await office.client.post(address, data=form, headers=headers)


async def ask_of_sop(row: Row, office: Desk) -> httpx.Response:
    """Ask as a person who has signed in just now, about the SOP of a programme."""
    method, path = row.route.split()
    if method == "GET":
        await needed(path, office)
    path = path.removeprefix("/api").format(programme_id=row.programme)
    if row.role == "nobody":
        return await office.client.request(method, f"/api{path}")
    grant = f"{row.role}:{row.grant_programme}:{row.grant_region}"
    return await office.person(method, path, grant, "asker", **_how(row))


async def ask_of_batches(row: Row, office: Desk) -> httpx.Response:
    """Ask about a batch of one request, as far as the route needs it."""
    method, path = row.route.split()
    case_id = (await office.record(request_body(row)))["case_id"]
    (await office.step(case_id, "issue")).raise_for_status()
    body = printing.body(row.programme)
    if "{batch_id}" in path:
        made = await office.operator("POST", "/batches", json=body)
        batch_id = made.raise_for_status().json()["batch_id"]
        body = printing.DAY
        if "/handovers" in path:
            (await printing.printed(office, batch_id)).raise_for_status()
            body = printing.collected(case_id)
        if path.endswith("/undo"):
            (await printing.hand_over(office, batch_id, case_id)).raise_for_status()
        path = path.format(batch_id=batch_id, case_id=case_id)
    headers = {}
    if row.role != "nobody":
        headers = office.messaging.headers(row.role, row.grant_programme, row.grant_region)
    sent = body if method == "POST" and not path.endswith("/undo") else None
    return await office.client.request(method, path, headers=headers, json=sent)


BATCH_PAGES = {**pages.batches.RULES, **pages.handovers.RULES, **pages.print_lists.RULES}


async def ask_of_batch_pages(row: Row, office: Desk) -> httpx.Response:
    """Ask for a page of batches: one document waits, or lies in a batch that is not printed."""
    method, path = row.route.split()
    case_id = (await office.record(request_body(row)))["case_id"]
    (await office.step(case_id, "issue")).raise_for_status()
    form = {"program": row.programme, "wilayah": "32.16.18", "layanan": "KIA"}
    if "{batch_id}" in path:
        made = await office.operator("POST", "/batches", json=printing.body(row.programme))
        path = path.format(batch_id=made.raise_for_status().json()["batch_id"])
        form = {"aksi": "cetak", "hari": printing.DAY["handover_on"]}
    elif method == "GET":
        path += f"?program={row.programme}"
    headers = {"Accept": "*/*"}
    if row.role != "nobody":
        headers |= office.messaging.headers(row.role, row.grant_programme, row.grant_region)
    sent = form if method == "POST" else None
    return await office.client.request(method, path, headers=headers, data=sent)


async def ask_of_residents(row: Row, office: Desk) -> httpx.Response:
    """Ask as a person who has signed in just now, about the resident of a closed request."""
    method, path = row.route.split()
    recorded = await office.record(request_body(row))
    resident = await office.resident(recorded["case_id"])
    path = path.removeprefix("/api").format(resident_id=resident)
    if "/erasure" in path:
        (await office.step(recorded["case_id"], "cancel")).raise_for_status()
    if path.endswith(("/approval", "/refusal")):
        (await office.person("POST", path.rpartition("/")[0])).raise_for_status()
    if path.endswith("/lift"):
        stopped = await office.person("POST", path.removesuffix("/lift"), json=REASON)
        stopped.raise_for_status()
    if row.role == "nobody":
        return await office.client.request(method, f"/api{path}")
    grant = f"{row.role}:{row.grant_programme}:{row.grant_region}"
    return await office.person(method, path, grant, "asker", **_how(row))


WHY = {"reason": "other", "explanation": "Sesuai register"}


async def ask_of_documents(row: Row, office: Desk) -> httpx.Response:
    """Ask as a person who has signed in just now, about somebody else's document."""
    method, path = row.route.split()
    case_id = (await office.record(request_body(row)))["case_id"]
    if path.endswith(("/confirmation", "/content")):
        file_id = (await office.document(case_id, card("TONO CONTOH")))["file_id"]
    else:
        file_id = (await office.send_document(case_id, card("TONO CONTOH"))).json()["file_id"]
    path = path.format(case_id=case_id, file_id=file_id)
    how: dict[str, Any] = {"json": WHY} if path.endswith("/confirmation") else {}
    if row.route == "POST /api/requests/{case_id}/document":
        how = {"content": card("TONO CONTOH")}
    if row.role == "nobody":
        return await office.client.request(method, path, **how)
    grant = f"{row.role}:{row.grant_programme}:{row.grant_region}"
    return await office.person(method, path.removeprefix("/api"), grant, "asker", **how)


async def ask_of_document_page(row: Row, office: Desk) -> httpx.Response:
    """Send the page's form as a person who has signed in just now, about another's document."""
    case_id = (await office.record(request_body(row)))["case_id"]
    told = await office.document(case_id, card("TONO CONTOH"))
    form = {"berkas": told["file_id"], "sebab": WHY["reason"], "penjelasan": WHY["explanation"]}
    headers = {"Accept": "*/*"}
    if row.role != "nobody":
        grant = f"{row.role}:{row.grant_programme}:{row.grant_region}"
        headers |= office.messaging.session_headers(grant, subject="asker", session="s-asker")
    path = row.route.removeprefix("POST ").format(case_id=case_id)
    return await office.client.post(path, headers=headers, data=form)


ACCOUNTS = {
    **accounts.RULES,
    **account_requests.RULES,
    **devices.RULES,
    **invitations.RULES,
    **session.RULES,
}
OWN_PAGES = {
    **pages.devices.RULES,
    **pages.account_list.RULES,
    **pages.accounts.RULES,
    **pages.account_requests.RULES,
}


async def ask_of_accounts(row: Row, office: Desk) -> httpx.Response:
    """Ask as a person who has signed in just now, about an account with a grant in the target."""
    method, path = row.route.split()
    if row.role == "nobody" and api.RULES[row.route] == PUBLIC:
        return await ask_without_account(path, office)
    target = f"operator:{row.programme}:{row.region}"
    body: Any = {"login": "somebody", "grants": [target]} if method in ("POST", "PUT") else None
    if "account-requests/" in path:
        asked = await invited(office, "tono", f"auditor:{row.programme}:{row.region}")
        path = path.format(account_id=asked.json()["account_id"])
        body = {"version": 1} | ({"reason": "Belum perlu"} if path.endswith("refusal") else {})
    elif "{account_id}" in path:
        one, browser = await at_work(office, "tono", target)
        (device,) = (await browser.ask("GET", "/devices")).json()
        path = path.format(account_id=one.account_id, device_id=device["device_id"])
        body = {"grants": ["head:botram:32.16.18"]} if path.endswith("grants") else None
    if row.role == "nobody":
        return await office.client.request(method, path, json=body)
    grant = f"{row.role}:{row.grant_programme}:{row.grant_region}"
    if path.startswith(("/api/session", "/api/devices")):
        return await ask_about_oneself(method, path, grant, office)
    headers = office.messaging.session_headers(grant, subject="a-asker", session="s-asker")
    return await office.client.request(method, path, json=body, headers=headers)


async def ask_for_own_page(row: Row, office: Desk) -> httpx.Response:
    """Ask for a page of people, who have signed in just now, as a script would."""
    method, path = row.route.split()
    target = f"{row.programme}:{row.region}"
    made = (await invited(office, "tono", f"operator:{target}")).json()
    path = path.format(account_id=made["account_id"])
    form = {"aksi": "nonaktif", "login": "x", "peran": "operator", "program": row.programme}
    form |= {"wilayah": row.region}
    if path == "/persetujuan":
        asked = (await invited(office, "budi", f"auditor:{target}")).json()
        form = {"aksi": "setuju", "akun": asked["account_id"], "versi": "1"}
    if path == "/perangkat":
        form = {"aksi": "semua"}
    headers = {"Accept": "*/*"}
    if row.role != "nobody":
        grant = f"{row.role}:{row.grant_programme}:{row.grant_region}"
        headers |= office.messaging.session_headers(grant, subject="a-asker", session="s-asker")
    sent = form if method == "POST" else None
    return await office.client.request(method, path, headers=headers, data=sent)


async def ask_about_oneself(method: str, path: str, grant: str, office: Desk) -> httpx.Response:
    """Ask as somebody who has an account and a device."""
    one, browser = await at_work(office, "siti", grant)
    (device,) = (await browser.ask("GET", "/devices")).json()
    office.messaging.clock.advance(seconds=30)
    body = {"password": PASSWORD, "code": one.code(office)} if method == "POST" else None
    path = path.removeprefix("/api").format(device_id=device["device_id"])
    return await browser.ask(method, path, json=body)


async def ask_without_account(path: str, office: Desk) -> httpx.Response:
    """Take the way of somebody who holds a link, to its end or to this route."""
    link = await linked(office, "siti", "auditor:botram:32.16")
    first = {"code": link, "password": PASSWORD}
    answer = await office.client.post("/api/invitations/password", json=first)
    one = Person(answer.json()["account_id"], "siti", answer.json()["secret"])
    if path.endswith("/password"):
        return answer
    shown = {"code": link, "app_code": one.code(office)}
    answer = await office.client.post("/api/invitations/code", json=shown)
    if path.endswith("/code"):
        return answer
    office.messaging.clock.advance(seconds=30)
    browser = Browser(office)
    answer = await browser.sign_in("siti", code=one.code(office))
    return answer if path.endswith("/session") else await browser.refresh()


async def ask_of_imports(row: Row, office: Desk) -> httpx.Response:
    """Ask about an import that somebody else has sent, or send one."""
    method, path = row.route.split()
    data = separated([GOOD])
    how: dict[str, Any] = {"json": {"event_id": EVENT}} if path.endswith("/run") else {}
    if path == "/api/imports":
        path += f"?programme_id={row.programme}"
        how = {"content": data} if method == "POST" else {}
    else:
        path = path.format(import_id=await office.brought(data))
        path += f"?event_id={EVENT}" if path.endswith("/dry-run") else ""
    headers = {}
    if row.role != "nobody":
        headers = office.messaging.headers(row.role, row.grant_programme, row.grant_region)
    return await office.client.request(method, path, headers=headers, **how)


async def ask_of_own_papers(row: Row, office: Desk) -> httpx.Response:
    """Send a paper as the resident of a new request: there is no grant to ask with."""
    assert row.role, "every row names who asks"
    return await send_own(office)


DESK_PAGES = {
    **pages.desk.RULES,
    **pages.desk_case.RULES,
    **pages.outside.RULES,
    **pages.parties.RULES,
    **pages.paper_surveys.RULES,
    **pages.numbers.RULES,
}


async def ask_of_desk(row: Row, office: Desk) -> httpx.Response:
    """Ask for the desk or for one case at it; a claim that is ended is the asker's own."""
    method, path = row.route.split()
    headers = {"Accept": "*/*"}
    if row.role != "nobody":
        grants = row.role, row.grant_programme, row.grant_region
        headers |= office.messaging.headers(*grants, subject="asker")
    case_id = await stands_ready(row.route, request_body(row), office, "asker")
    how = sent_at_desk(row.route)
    if row.route in DESK_PAGES and method == "POST":
        how = {"data": {"aksi": "lepas", "program": row.programme, "keadaan": "diterima"}}
    if row.route in pages.outside.RULES:
        how = {"data": {"aksi": "kirim", "sistem": "siak"}}
    if row.route in pages.paper_surveys.RULES:
        (await office.step(case_id, "cancel")).raise_for_status()
        how = {"data": {"n-U1": "4"}} if method == "POST" else {}
    if row.route == "POST /meja/{case_id}/orang":
        how = {"data": {"sebagai": "reporter", "nama": "Pelapor Contoh"}}
    if row.route == "POST /meja/nomor":
        how = {"data": {"nomor": "7k2m 003"}}
    if row.route == "GET /meja/nomor":
        path += "?nomor=7K2M-003"
    if row.route == "GET /meja":
        path += f"?program={row.programme}"
    path = path.replace("{case_id}", case_id)
    return await office.client.request(method, path, headers=headers, **how)


COMPLAINTS = {**complaints.RULES, **complaint_steps.RULES}


async def ask_of_complaints(row: Row, office: Desk) -> httpx.Response:
    """Ask about a complaint that the asker's role is for, as far as the route needs one."""
    method, path = row.route.split()
    body: dict[str, Any] = {"text": complaining.TEXT}
    if "{complaint_id}" in path:
        path = path.format(complaint_id=await complaint_for(row, office))
    elif method == "POST":
        body = complaining.complaint(programme_id=row.programme, region_code=row.region)
    else:
        year = "&year=2023" if path.endswith("figures") else ""
        path += f"?programme_id={row.programme}{year}"
    if path.endswith("/steps"):
        body = {"step": "open" if row.role in OVER_STAFF else "hand_up"}
    if path.endswith("/accused"):
        account = await invited(office, "tono", f"agent:{row.programme}:{row.region}")
        body = {"account_id": account.json()["account_id"]}
    headers = {}
    if row.role != "nobody":
        headers = office.messaging.headers(row.role, row.grant_programme, row.grant_region)
    sent = body if method == "POST" else None
    return await office.client.request(method, path, headers=headers, json=sent)


OVER_STAFF = ("head", "auditor")
COMPLAINT_PAGES = {
    **pages.complain.RULES,
    **pages.complaint_status.RULES,
    **pages.complaints_desk.RULES,
}


async def ask_of_complaint_pages(row: Row, office: Desk) -> httpx.Response:
    """Ask for a page of complaints, of which one is there that the asker's role is for."""
    method, path = row.route.split()
    form = {"aksi": "periksa" if row.role in OVER_STAFF else "serahkan"}
    if path == "/pengaduan":
        form = complaining.typed()
    elif path == "/pengaduan/lacak":
        form = {"kode": str((await complaining.made(office))["code"])}
    elif path == "/pengaduan-masuk":
        path += f"?program={row.programme}"
    else:
        path = path.format(complaint_id=await complaint_for(row, office))
    headers = {"Accept": "*/*"}
    if row.role != "nobody":
        headers |= office.messaging.headers(row.role, row.grant_programme, row.grant_region)
    sent = form if method == "POST" else None
    return await office.client.request(method, path, headers=headers, data=sent)


async def complaint_for(row: Row, office: Desk) -> str:
    """Return one in work, or answered; about staff for a role that sees no other, or to name."""
    staff = row.role in OVER_STAFF or row.route.endswith("/accused")
    more = {"region_code": row.region, **(complaining.STAFF if staff else {})}
    if row.route.endswith("/reopening"):
        return str((await complaining.answered(office, **more))["complaint_id"])
    id_ = str((await complaining.made(office, **more))["complaint_id"])
    if staff:
        await complaining.opened(office, id_, "sri", "tuti")
    role = "supervisor" if staff else "operator"
    (await complaining.step(office, id_, "take", role, "sri")).raise_for_status()
    return id_


APART = (
    (COMPLAINTS, ask_of_complaints),
    (COMPLAINT_PAGES, ask_of_complaint_pages),
    (own_papers.RULES, ask_of_own_papers),
    ({**imports.RULES, **import_refusals.RULES}, ask_of_imports),
    ({**DESK_ROUTES, **DESK_PAGES}, ask_of_desk),
    (ACCOUNTS, ask_of_accounts),
    ({**residents.RULES, **restriction.RULES, **corrections.RULES}, ask_of_residents),
    (sop.RULES, ask_of_sop),
    (batches.RULES, ask_of_batches),
    (BATCH_PAGES, ask_of_batch_pages),
    (documents.RULES, ask_of_documents),
    (pages.documents.RULES, ask_of_document_page),
    (OWN_PAGES, ask_for_own_page),
    ({**pages.RULES, **pages.FRONT_RULES}, ask_for_page),
)
"""Routes that are asked in a way of their own."""


@pytest.mark.parametrize("row", ROWS, ids=str)
async def test_the_table_holds(row: Row) -> None:
    async with desk() as office:
        answer = await ask(row, office)

        assert answer.status_code == row.status, answer.text


def test_every_route_has_a_row_that_may_and_one_that_may_not() -> None:
    for route, rule in {**api.RULES, **pages.RULES, **pages.FRONT_RULES}.items():
        statuses = {row.status for row in ROWS if row.route == route}
        assert any(status < 400 for status in statuses), route
        assert rule.public or {401, 403} & statuses, route
        found = [row for row in ROWS if row.route == route]
        assert rule.public or {row.role for row in found} == {*Role, "nobody"}, route
        assert rule.public or {r.role for r in found if r.status < 400} == rule.roles, route
    assert {row.route for row in ROWS} == {*api.RULES, *pages.RULES, *pages.FRONT_RULES}


async def test_a_case_outside_the_callers_region_is_in_no_list_of_his() -> None:
    async with desk() as office:
        await office.record(at_event())

        path = "/requests?programme_id=botram"
        answer = await office.ask("GET", path, "operator", "botram", "32.16.06")

        assert answer.json() == {"items": [], "next_cursor": None}
