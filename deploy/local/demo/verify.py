"""The sender's own ledger held against the archive and every service's state.

Reporting's count is not asked: what was lost or doubled is found by looking for each id.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from deploy.local.demo.day import CLOSING, EVENT, HALO_PAMOR, Ledger, Target
from shared.contracts.courier import DeliveryConfirmed, JobOpened
from shared.contracts.intake import RequestClosed, RequestReceived
from shared.contracts.scheduler import TicketAssigned, TicketEnded, TicketIssued, TicketServed
from shared.mongo.client import Client, connect


@dataclass(slots=True)
class Verdict:
    """What is missing and what is there twice, each in words."""

    lost: list[str] = field(default_factory=list)
    duplicated: list[str] = field(default_factory=list)

    def expect(self, where: str, wanted: Iterable[str], found: Iterable[str]) -> None:
        """Hold the ids that must be there, once each, against those that are."""
        counts, ids = Counter(found), set(wanted)
        self.lost += [f"{where}: {id_}" for id_ in ids if not counts[id_]]
        self.duplicated += [f"{where}: {id_}" for id_, n in counts.items() if n > 1]
        self.duplicated += [f"{where}: {id_} is nobody's" for id_ in counts if id_ not in ids]


async def verify(target: Target, ledger: Ledger) -> Verdict:
    """Look for every id of the ledger in the archive and in each service's own database."""
    client = connect(target.mongo_url)
    try:
        verdict = Verdict()
        await _archive(_Reader(client, target), ledger, verdict)
        await _states(_Reader(client, target), ledger, verdict)
        return verdict
    finally:
        await client.close()


class _Reader:
    def __init__(self, client: Client, target: Target) -> None:
        self._client = client
        self._target = target

    async def column(
        self, service: str, collection: str, name: str, query: Mapping[str, Any]
    ) -> list[str]:
        """Return one field, with dots where it lies deeper, of all documents that match."""
        documents = self._client[self._target.database(service)][collection]
        found = documents.find(dict(query), {name: 1})
        return [_value(document, name) for document in await found.to_list(None)]

    async def archived(self, type_: str, about: str) -> list[str]:
        """Return what archived events of one type are about."""
        return await self.column("reporting", "archive", f"payload.{about}", {"type": type_})


def _value(document: Mapping[str, Any], name: str) -> str:
    value: Any = document
    for part in name.split("."):
        value = value[part]
    return str(value)


async def _archive(reader: _Reader, ledger: Ledger, verdict: Verdict) -> None:
    everyone = {**ledger.botram, **ledger.halo_pamor}
    case, ticket = "case_id", "ticket_id"
    for type_, about, wanted in (
        (RequestReceived.type, case, everyone),
        (RequestClosed.type, case, everyone),
        (TicketIssued.type, ticket, ledger.tickets | ledger.elsewhere),
        (TicketAssigned.type, case, ledger.botram),
        (TicketServed.type, ticket, ledger.served | ledger.served_elsewhere),
        (TicketEnded.type, ticket, ledger.unserved),
        (JobOpened.type, case, ledger.halo_pamor),
        (DeliveryConfirmed.type, case, ledger.confirmed),
    ):
        verdict.expect(f"archive, {type_}", wanted, await reader.archived(type_, about))


async def _states(reader: _Reader, ledger: Ledger, verdict: Verdict) -> None:
    everyone = {**ledger.botram, **ledger.halo_pamor}
    closed = await reader.column("intake", "cases", "_id", {"state": "closed"})
    verdict.expect("intake, closed cases", everyone, closed)
    served = {"event_id": EVENT, "state": "served"}
    tickets = await reader.column("scheduler", "tickets", "_id", served)
    verdict.expect("scheduler, served tickets", ledger.tickets, tickets)
    requests = {**served, "case_id": {"$ne": None}}
    cases = await reader.column("scheduler", "tickets", "case_id", requests)
    verdict.expect("scheduler, served requests", ledger.botram, cases)
    left = {"event_id": CLOSING, "state": "unserved"}
    unserved = await reader.column("scheduler", "tickets", "_id", left)
    verdict.expect("scheduler, unserved tickets", ledger.unserved, unserved)
    done = {"programme_id": HALO_PAMOR, "state": "done"}
    jobs = await reader.column("courier", "jobs", "_id", done)
    verdict.expect("courier, jobs done", ledger.halo_pamor, jobs)
