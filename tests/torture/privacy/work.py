"""What a day has beside requests: a counter's late visits, batches, what is late, machines.

Each happens, and what is shown is looked at, so that what is searched is known to be there. What
shows nobody (counts, batches, lists of what is late, of machines) is searched as answers are.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

import httpx

from shared.contracts.envelope import new_id
from tests.torture.hostile.stage import until
from tests.torture.privacy.office import (
    EVENT,
    EVENT_PROGRAMME,
    HOME_PROGRAMME,
    VILLAGE,
    Office,
)
from tests.torture.privacy.persons import Person

FIRST: Final = 20
"""Those before are erased, or send papers."""
VISITS: Final = 3
"""Visits of two that a laptop sends late, by those who asked at home before."""
PRINTED: Final = 5
"""Documents of one batch, of those who asked at the event."""
LATE: Final = 3
"""Requests of half a year ago that an importer brings."""
LONG_AGO: Final = timedelta(days=180)
SHOWN_WITHIN: Final = 90.0
MACHINE: Final = "mitra-1"
_SUBDISTRICT: Final = "32.16.18"
_METRIC: Final = f'jemput_intake_late_requests{{programme="{HOME_PROGRAMME}"'


async def done(
    office: Office, http: httpx.AsyncClient, persons: Sequence[Person], cases: Mapping[int, str]
) -> list[bytes]:
    """Do all of it; return what was said where nobody may be shown. Raises AssertionError."""
    at_event = [one for one in persons[FIRST:] if one.number % 3]
    at_home = [one for one in persons[FIRST:] if not one.number % 3]
    said = [await _late(office, http, at_event[:LATE])]
    said += await _visited(office, http, at_home[: 2 * VISITS])
    said += await _printed(office, http, at_event, cases)
    return [*said, *_machines(office, persons[0])]


async def noticed(office: Office) -> None:
    """Wait until the metrics tell of what is late, for they are searched too."""
    url = f"{office.stack.direct('intake')}/metrics"

    def told() -> bool:
        lines = httpx.get(url, timeout=30).text.splitlines()
        return any(line.startswith(_METRIC) and not line.endswith(" 0.0") for line in lines)

    await until(told, "the metrics tell what is late", within=SHOWN_WITHIN)


def operator(office: Office) -> dict[str, str]:
    """Headers of an operator of both programmes."""
    grants = [f"operator:{programme}:*" for programme in (EVENT_PROGRAMME, HOME_PROGRAMME)]
    return office.headers("petugas-2", *grants)


def visit(persons: Iterable[Person], **changed: Any) -> dict[str, Any]:
    """Return what a laptop sends that stood at the event without uplink."""
    people = [one.applicant for one in persons]
    counter = {
        "entry_id": str(uuid4()),
        "device": str(uuid4()),
        "number": "7K2M-001",
        "claimed_at": datetime.now(UTC).isoformat(),
        "clock_ahead": 3_600,
    }
    return {
        "programme_id": EVENT_PROGRAMME,
        "channel": "event",
        "event_id": EVENT,
        "region_code": _SUBDISTRICT,
        "people": people,
        "requests": [{"service": "KK", "applicant": number} for number in range(len(people))],
        "counter": {**counter, **changed},
    }


def wrong(office: Office, one: Person) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Yield what must be refused of these, with his data wherever there is room for them."""
    both, desk = f"{one.name} {one.nik}", {"headers": operator(office)}
    claims: tuple[dict[str, Any], ...] = (
        {"number": one.nik},
        {"device": both, "entry_id": one.nik},
        {"claimed_at": both, "clock_ahead": int(one.nik)},
        {one.nik: one.name},
    )
    for claim in claims:
        yield "intake", "POST", "/api/visits", {"json": visit([one], **claim)} | desk
    twice = {"json": visit([one, one])} | desk
    yield "intake", "POST", "/api/visits", twice
    kit = {"params": {"device": one.nik}} | desk
    yield "intake", "GET", f"/api/counters/{EVENT}", kit
    batch = {"programme_id": one.nik, "region_code": both, "service": both}
    yield "intake", "POST", "/api/batches", {"json": batch} | desk
    handed = {"case_id": one.nik, "collector": both, "power_of_attorney": one.nik}
    yield "intake", "POST", f"/api/batches/{new_id()}/handovers", {"json": handed} | desk
    printed = {"handover_on": one.nik, "failed": [both, one.nik]}
    yield "intake", "POST", f"/api/batches/{new_id()}/printed", {"json": printed} | desk
    late = {"params": {"programme_id": HOME_PROGRAMME, "cursor": one.nik}}
    head = {"headers": office.headers("kepala-1", "head:*:*")}
    yield "intake", "GET", "/api/late-requests", late | head
    evidence = f"/api/programmes/{EVENT_PROGRAMME}/years/2026/evidence/{new_id()}"
    planner = {"headers": office.headers("rencana-1", f"planner:{EVENT_PROGRAMME}:*")}
    yield "reporting", "POST", evidence, {"json": {"kind": both, one.nik: one.name}} | planner


async def _late(office: Office, http: httpx.AsyncClient, some: Sequence[Person]) -> bytes:
    """Bring requests that are late at once; return the list of what is."""
    url = f"{office.stack.url('intake')}/api"
    for one in some:
        body = {
            "programme_id": HOME_PROGRAMME,
            "channel": "agent",
            "service": "KK",
            "applicant": one.applicant,
            "region_code": VILLAGE,
            "rw": "005",
            "pick_up": True,
            "occurred_at": (datetime.now(UTC) - LONG_AGO).isoformat(),
        }
        importer = office.headers("impor-1", f"importer:{HOME_PROGRAMME}:*")
        made = await http.post(f"{url}/requests", json=body, headers=importer)
        assert made.status_code == httpx.codes.CREATED, made.text

    async def listed() -> httpx.Response:
        return await http.get(
            f"{url}/late-requests",
            params={"programme_id": HOME_PROGRAMME},
            headers=office.headers("kepala-1", "head:*:*"),
        )

    async def all_late() -> bool:
        return len((await listed()).json()["items"]) == len(some)

    await until(all_late, "what is late is listed", within=SHOWN_WITHIN)
    return (await listed()).content


async def _visited(office: Office, http: httpx.AsyncClient, some: Sequence[Person]) -> list[bytes]:
    """Have a laptop send its visits; return what it took along, and what the office has of it."""
    url = f"{office.stack.url('intake')}/api"
    device = str(uuid4())
    for number, first in enumerate(range(0, len(some), 2), 1):
        body = visit(some[first : first + 2], device=device, number=f"7K2M-{number:03}")
        sent = await http.post(f"{url}/visits", json=body, headers=operator(office))
        assert sent.status_code == httpx.codes.CREATED, sent.text
    kit = await http.get(
        f"{url}/counters/{EVENT}", params={"device": device}, headers=operator(office)
    )
    counts = await http.get(f"{url}/counters/{EVENT}/counts", headers=operator(office))
    assert kit.is_success, kit.text
    assert counts.json()["visits"] == len(some) // 2, counts.text
    return [kit.content, counts.content]


async def _printed(
    office: Office, http: httpx.AsyncClient, some: Sequence[Person], cases: Mapping[int, str]
) -> list[bytes]:
    """Issue, print and hand over some documents; return the batch, which shows nobody."""
    url, issued = f"{office.stack.url('intake')}/api", some[:PRINTED]
    for one in issued:
        step = await http.post(
            f"{url}/requests/{cases[one.number]}/steps",
            json={"step": "issue"},
            headers=operator(office),
        )
        assert step.is_success, step.text
    wanted = {"programme_id": EVENT_PROGRAMME, "region_code": _SUBDISTRICT, "service": "KK"}
    made = await http.post(f"{url}/batches", json=wanted, headers=operator(office))
    assert made.status_code == httpx.codes.CREATED, made.text
    batch = f"{url}/batches/{made.json()['batch_id']}"
    assert len(made.json()["case_ids"]) == len(issued)
    printed = await http.post(
        f"{batch}/printed", json={"handover_on": "2099-12-31"}, headers=operator(office)
    )
    assert printed.is_success, printed.text
    for case_id in made.json()["case_ids"][:-1]:
        collected = {"case_id": case_id, "collector": "applicant"}
        over = await http.post(f"{batch}/handovers", json=collected, headers=operator(office))
        assert over.is_success, over.text
    shown = await http.get(batch, headers=operator(office))
    assert sum(one["collected"] is not None for one in shown.json()["items"]) == len(issued) - 1
    return [made.content, shown.content]


def _machines(office: Office, one: Person) -> Iterator[bytes]:
    """Give a machine a token and end it; yield what the trail tells, and what was refused."""
    made = ("machines", "token", "--name", MACHINE, "--grant", "service:*:*", "--days", "9")
    by = ("--by", "admin-1")
    office.command((*made, "--purpose", "Angka untuk mitra", *by))
    known = office.command(("machines", "list"))
    token = known.splitlines()[0].partition("; token ")[2]
    why = ("--reason", "Laptop mitra hilang", *by)
    office.command(("machines", "end", "--token", token, *why))
    ended = office.command(("machines", "list"))
    assert f"{token}; ended" in ended, ended
    yield ended.encode()
    for words in (
        (*made, "--purpose", f"Untuk {one.name} {one.nik}", *by),
        ("machines", "end", "--name", one.nik, *why),
        ("machines", "end", "--name", MACHINE, "--reason", f"0{one.phone}", *by),
    ):
        yield office.refused(words).encode()
