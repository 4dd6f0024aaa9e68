"""No document grows with a backlog: every list in a document that is kept has an end."""

import importlib
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, get_args, get_origin, get_type_hints

from deploy.provision import service_names

ENDS = {
    "intake.programmes.languages": "10, by the route",
    "intake.programmes.channels": "20, by the route",
    "intake.programmes.services": "100, by the route",
    "intake.programmes.data_use.recipients": "20, by the route",
    "intake.programmes.service_points": "200, by the route",
    "intake.programmes.line.weights": "100, by the route",
    "intake.programmes.survey_questions": "OWN_QUESTIONS, by the route",
    "intake.programmes.survey_questions.answers": "4, by the route",
    "intake.surveys.scores": "one for each element and each of OWN_QUESTIONS, by the domain",
    "intake.surveys.comment": "one field",
    "intake.programmes.service_points.hours": "14, by the route",
    "intake.programmes.service_points.services": "100, by the route",
    "intake.programmes.calendar.closed": "400, by the route",
    "intake.programmes.calendar.open": "400, by the route",
    "intake.programmes.complaint_days": "one for each kind of complaint",
    "intake.complaints.opened_by": "OPENERS, by the domain",
    "intake.complaint_texts.sealed": "three, and two for each of REOPENINGS + 1 answers",
    "intake.cases.returned.items": "MAX_REQUIREMENTS, by the route; each once, by the domain",
    "intake.cases.facts": "one for each kind of fact",
    "intake.cases.tickets": "a case has one ticket in one line",
    "intake.cases.tickets.offers": "one of each kind",
    "intake.cases.carriers": "one for each agent to whom somebody gave this job",
    "intake.cases.parties": "one for each kind of party",
    "intake.cases.needs": "one for each kind of party",
    "intake.accounts.grants": "20, by the domain",
    "intake.accounts.sealed": "one for each field of an account",
    **{f"{one}.audit.said": "one for each detail of one deed" for one in service_names()},
    **{f"{one}.audit_blocks.entries": "500, by the chaining" for one in service_names()},
    "intake.devices.devices": "20, by the domain",
    "intake.devices.devices.proofs": "32, by the domain",
    "intake.security_records.grants": "20, those of one account",
    "intake.papers.papers": "30, by the domain",
    "intake.documents.waiting": "5, by the domain",
    "intake.documents.waiting.compared": "one for each kind of field",
    "intake.documents.waiting.differs": "one for each kind of field",
    "intake.documents.document.check.compared": "one for each kind of field",
    "intake.documents.document.check.differs": "one for each kind of field",
    "intake.catalogues.bringing": "MAX_PARTS, by the route",
    "intake.catalogues.daily_caps": "MAX_ENTRIES, by the route",
    "intake.catalogues.entries": "MAX_ENTRIES, by the route",
    "intake.catalogues.entries.channels": "MAX_PARTS, by the route",
    "intake.catalogues.entries.needs": "one for each kind of party",
    "intake.catalogues.entries.procedure": "MAX_PARTS, by the route",
    "intake.catalogues.entries.requirements": "MAX_REQUIREMENTS, by the route",
    "intake.catalogues.entries.requirements.any_of": "MAX_ALTERNATIVES, by the route",
    "intake.catalogues.entries.requirements.waivers": "MAX_PARTS, by the route",
    "intake.catalogues.entries.sources": "MAX_PARTS, by the route",
    "intake.catalogues.life_events": "MAX_PARTS, by the route",
    "intake.catalogues.life_events.entries": "MAX_PARTS, by the route",
    "intake.catalogues.life_events.referrals": "MAX_PARTS, by the route",
    "intake.catalogues.life_events.sources": "MAX_PARTS, by the route",
    "intake.catalogues.waiver_reasons": "MAX_PARTS, by the route",
    "intake.sops.states": "State, each once, by the route",
    "intake.sops.states.steps": "Step, each once, by the route",
    "intake.sops.states.steps.roles": "Role, each once, by the route",
    "intake.batches.case_ids": "BATCH_LIMIT",
    "intake.batches.collected": "one for each case of the batch",
    "intake.cases.waits.told": "the roles that an SOP can tell",
    "intake.visits.case_ids": "VISIT_REQUESTS",
    "intake.visits.life_events": "VISIT_REQUESTS, each once",
    "intake.checklists.waivers": "one for each of an entry's requirements",
    "intake.checklists.seen": "one for each of an entry's requirements",
    "intake.day_shares.taken": "HORIZON days",
    "intake.account_requests.before": "an account's grants, by the route",
    "intake.account_requests.grants": "an account's grants, by the route",
    "intake.notices.notices": "the newest 50",
    "intake.files.sealed_key": "one for each field of a wrapped key",
    "intake.residents.lookups": "one for each version of the secret",
    "intake.residents.former": "20 for each party of each of his cases",
    "intake.residents.said": "one for each of a person's own cases",
    "intake.residents.asked": "one for each service, event and, in a visit, person asked for",
    "intake.statements.sealed": "one for each field of a person",
    "intake.import_refusals.faults": "one for each column of a history",
    "intake.events.services": "of one event's booths, by the contract",
    "intake.events.ticketed": "of one event's booths, by the contract",
    "intake.open_requests.case_ids": "OPEN_LIMIT",
    "courier.programmes.names": "100, by the contract",
    "scheduler.programmes.services": "100, by the contract",
    "scheduler.programmes.names": "100, by the contract",
    "scheduler.programmes.closed": "400, by the contract",
    "scheduler.programmes.open": "400, by the contract",
    "scheduler.programmes.line.weights": "100, by the contract",
    "scheduler.programmes.at_home": "100, by the contract",
    "scheduler.arrivals.tickets": "10, by the route",
    "scheduler.arrivals.at": "an arrival's tickets",
    "scheduler.counters.latest": "4, by the domain",
    "scheduler.counters.sent": "50, by the domain",
    "scheduler.counters.turns": "of one booth's services, by the route",
    "scheduler.lines.states": "one for each state",
    "scheduler.lines.lanes": "two, and one for each quarter of an hour of the event, by the route",
    "scheduler.lines.kept": "20, by the domain",
    "scheduler.lines.recalls": "100, by the domain",
    "scheduler.lines.pace.booths": "60, by the domain",
    "scheduler.tickets.offers": "one of each kind",
    "scheduler.events.plan.offers": "10, by the route",
    "scheduler.events.plan.offers.services": "100, by the route",
    "scheduler.stretches.waiting": "100, by the domain",
    "scheduler.events.plan.booths.weights": "10, by the route",
    "scheduler.evidence.items": "50, by the domain",
    "scheduler.arrivals.told": "20, as its tickets",
    "scheduler.awaited_codes.cases": "200, by the domain",
    "scheduler.device_leases.blocks": "120, by the domain",
    "scheduler.device_leases.blocks.used": "100, as many as a block has numbers",
    "scheduler.device_leases.services": "of one booth, by the route",
    "scheduler.late_conflicts.booths": "10, by the domain",
    "scheduler.late_conflicts.entries": "10, by the domain",
    "scheduler.late_entries.conflicts": "one of each kind",
    "scheduler.lease_accesses.leases": "of events that are not over, one for each device",
    "scheduler.lease_devices.devices": "120, by the domain",
    "scheduler.lease_devices.ended": "880, by the domain",
    "scheduler.device_leases.booths": "60, by the domain",
    "scheduler.device_leases.booths.services": "what a booth had while its device leased",
    "scheduler.device_leases.booths.weights": "10, by the route",
    "scheduler.lines.holds": "one for each device, 120 by the domain",
    "scheduler.lines.holds.people": "12, by the domain",
    "reporting.evidence.items": "100, by the use case",
    "reporting.files.sealed_key": "one for each field of a wrapped key",
    "scheduler.files.sealed_key": "one for each field of a wrapped key",
    "scheduler.events.plan.booths": "of one event, by the route",
    "scheduler.events.plan.booths.services": "of one booth, by the route",
    "reporting.programmes.services": "100, by the contract",
    "reporting.programmes.questions": "3, by the contract",
    "reporting.events.booths": "of one event, by the contract",
    "reporting.events.services": "of one event's booths, by the contract",
    "reporting.archive.payload": "one message, MAX_BODY",
}
"""Every list in a kept document, and what ends it. A list of who waits has no end: the waiting are
found by a query over documents of their own."""


def growing(kept: Any, place: str) -> Iterator[str]:
    """Name the lists, sets and mappings inside a type, by the way to them."""
    if is_dataclass(kept):
        hints = get_type_hints(kept)
        for one in fields(kept):
            yield from growing(hints[one.name], f"{place}.{one.name}")
        return
    if _is_list(get_origin(kept) or kept):
        yield place
    for part in get_args(kept):
        yield from growing(part, place)


def _is_list(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, list | tuple | AbstractSet | Mapping)


def kept_lists(service: str) -> set[str]:
    """Name every list in what a service keeps."""
    collections = importlib.import_module(f"services.{service}.store").COLLECTIONS
    return {
        place
        for kept, collection in collections._of.items()
        for place in growing(kept, f"{service}.{collection.name}")
    }


def test_every_list_in_a_kept_document_has_an_end() -> None:
    assert {place for service in service_names() for place in kept_lists(service)} == set(ENDS)


@dataclass(frozen=True)
class Area:
    """A document that grows with every waiting job."""

    agent: str | None
    waiting: tuple[str, ...] = ()
    by_day: Mapping[str, frozenset[str]] | None = None


def test_a_list_without_an_end_is_named() -> None:
    assert set(growing(Area, "courier.areas")) == {"courier.areas.waiting", "courier.areas.by_day"}
