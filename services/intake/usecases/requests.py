"""Requests: recorded, worked by operators, and confirmed by whoever received the document."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from services.intake.domain import (
    Case,
    Fact,
    Holidays,
    LookupKeys,
    NewRequest,
    OpenRequests,
    Party,
    PlannedEvent,
    Programme,
    Refused,
    Secrets,
    Step,
    asked_for,
    digest,
    office_region,
    open_case,
)
from services.intake.domain.desk_work import decided, require_free
from services.intake.usecases.allow import Allow, require_right
from services.intake.usecases.case_events import keep
from services.intake.usecases.catalogues import take_up
from services.intake.usecases.checklists import note_seen
from services.intake.usecases.claims import keep_worked
from services.intake.usecases.documents import require_right_document
from services.intake.usecases.hints import earlier_cases, require_room_today
from services.intake.usecases.parties import keep_party
from services.intake.usecases.ports import Catalogues, Vault
from services.intake.usecases.residents import Company, Told, keep_told, resident_of
from services.intake.usecases.restriction import require_processing
from services.intake.usecases.state_time import kept_sop, require_step, roles_for, rule_of
from shared.contracts.envelope import new_id
from shared.contracts.event import CLOCKS_APART
from shared.messaging.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Recorder:
    """What recording a request works with."""

    holidays: Holidays
    lookups: LookupKeys
    vault: Vault
    catalogues: Catalogues
    secrets: Secrets

    def recording(
        self, allow: Allow, occurred_at: datetime | None = None
    ) -> Callable[..., Awaitable[dict[str, Any]]]:
        """Return `record_request` with what it works with, for whoever is allowed so."""
        return partial(
            record_request,
            holidays=self.holidays,
            lookups=self.lookups,
            vault=self.vault,
            allow=allow,
            catalogues=self.catalogues,
            occurred_at=occurred_at,
        )

    def new_codes(self) -> tuple[str, str]:
        """Return the id of a new case, and the digest of the code that it is tracked by."""
        case_id = new_id()
        return case_id, digest(self.secrets.code(case_id))


async def record_request(
    new: NewRequest,
    uow: UnitOfWork,
    *,
    holidays: Holidays,
    lookups: LookupKeys,
    vault: Vault,
    allow: Allow,
    catalogues: Catalogues,
    occurred_at: datetime | None = None,
    company: Company | None = None,
) -> dict[str, Any]:
    """Record a request and return the answer to its sender, all but the codes.

    `company`: those whom the same visit has met before. In the answer `backdated` is for the check
    of a replay, `earlier` for hints. Raises Refused naming field and reason, ChannelCannot where
    this channel cannot do it, and AlreadyOpen where this person has an open request for the same
    service at the same event.
    """
    programme = await uow.get(Programme, new.programme_id)
    if programme is None:
        raise Refused("programme_unknown", "programme_id: no such programme")
    event = await _event(new, uow)
    now = uow.now()
    backdated = _backdated(occurred_at, now)
    allow(
        programme=programme.id,
        office=office_region(programme, event, new.region_code),
        domicile=new.region_code,
        backdated=backdated,
    )
    at = occurred_at or now
    taken = await take_up(
        new,
        programme,
        event,
        at,
        uow,
        catalogues=catalogues,
        holidays=holidays,
        counted=not backdated,
    )
    case = open_case(new, programme, event, at, holidays, taken)
    apart = None
    if company is not None:
        apart = await _subject_apart(new, at, uow, vault=vault, lookups=lookups, company=company)
    asked = await _join_open_requests(new, apart, lookups, uow)
    told = Told(new.person, new.repeat_reason)
    if new.person.said:
        known = await resident_of(
            new.person, programme.id, at, uow, vault=vault, lookups=lookups, company=company
        )
        if not backdated:
            await require_room_today(programme, known.resident, at, uow)
        keep_told(known, case.id, told, uow, vault, at=at, asked=asked)
        case = case.involving(Party.APPLICANT, known.resident.id)
    for one in new.others:
        resident_id = await keep_party(
            case, one, at, uow, vault=vault, lookups=lookups, company=company
        )
        case = case.involving(one.party, resident_id)
    case = await note_seen(case, new, uow, catalogues=catalogues, allow=allow)
    earlier = await earlier_cases(case, uow)
    await keep(None, case, uow, sop=await kept_sop(case, catalogues))
    due_on = case.due_on.isoformat() if case.due_on else None
    answer = {"case_id": case.id, "status": case.state.value, "due_on": due_on}
    said = {**_said_of(case), "warnings": list(case.warnings)}
    hints = {"earlier": earlier} if earlier else {}
    return {**answer, **said, **hints, "backdated": backdated}


def _said_of(case: Case) -> dict[str, Any]:
    """Return where the texts stand that its sender is told, which are not kept with the answer."""
    if case.entry is None:
        return {}
    carried_to = case.taken_up_on.isoformat() if case.taken_up_on else None
    found = {"catalogue_version": case.catalogue_version, "entry": case.entry}
    return {**found, "taken_up_on": carried_to}


async def take_step(
    case_id: str, step: Step, uow: UnitOfWork, *, allow: Allow, occurred_at: datetime | None = None
) -> dict[str, Any]:
    """Do what an operator decides and return the state that the case is in now.

    `backdated` in it is for the check of a replay. Raises Missing, and Refused where the case is
    not ready for it, its SOP lacks the step in this state, its document is not known to be right,
    one of its people is restricted, or another officer at work on it.
    """
    case = await uow.require(Case, case_id)
    now = uow.now()
    backdated = _backdated(occurred_at, now)
    rule = await rule_of(case, uow)
    require_right(case, allow, backdated=backdated, roles=roles_for(step, rule))
    await require_processing(case, uow)
    # Two servers' clocks may differ: what is done now is never before the request itself.
    at = occurred_at or max(now, case.facts[Fact.RECEIVED])
    if step is not Step.CONFIRM_RECEIPT and not backdated:
        require_free(case, uow.actor, now)
    done = decided(case.step(step, at, uow.actor), step)
    require_step(step, rule)
    if step is Step.ISSUE:
        await require_right_document(case, uow)
    await keep_worked(case, done, uow)
    return {"state": done.state.value, "backdated": backdated}


async def confirm_receipt(case_id: str, uow: UnitOfWork) -> str:
    """Take the recipient's word that the document arrived; raises Missing and Refused."""
    case = await uow.require(Case, case_id)
    confirmed = case.confirm_receipt(uow.now())
    await keep(case, confirmed, uow)
    return confirmed.state.value


async def _event(new: NewRequest, uow: UnitOfWork) -> PlannedEvent | None:
    if new.event_id is None:
        return None
    event = await uow.get(PlannedEvent, new.event_id)
    if event is None:
        raise Refused("event_unknown", "event_id: no such event has been announced here")
    return event


async def _subject_apart(
    new: NewRequest,
    at: datetime,
    uow: UnitOfWork,
    *,
    vault: Vault,
    lookups: LookupKeys,
    company: Company,
) -> str | None:
    """Return the resident whom a request of a visit is for, where he is not who asks."""
    others = (one.person for one in new.others if one.party is Party.SUBJECT)
    subject = next(others, new.person)
    if subject is new.person:
        return None
    known = await resident_of(
        subject, new.programme_id, at, uow, vault=vault, lookups=lookups, company=company
    )
    return known.resident.id


async def _join_open_requests(
    new: NewRequest, subject: str | None, lookups: LookupKeys, uow: UnitOfWork
) -> str | None:
    """Keep that this person asks for this service at this event; return under which id.

    One document for all three, so that of two requests at the same moment one sees the other.
    """
    identity = new.person.identity
    if new.event_id is None or identity is None:
        return None
    purpose = asked_for(new.event_id, new.service, subject)
    keys = lookups.hashes(new.programme_id, *purpose, identity)
    known = [await uow.get(OpenRequests, key) or OpenRequests(key) for key in keys]
    case_ids = [case_id for requests in known for case_id in requests.case_ids]
    cases = [await uow.get(Case, case_id) for case_id in case_ids]
    still_open = tuple(case.id for case in cases if case is not None and case.outcome is None)
    uow.add(known[0].joined(new.case_id, still_open, new.repeat_reason))
    return keys[0]


def _backdated(occurred_at: datetime | None, now: datetime) -> bool:
    if occurred_at is None:
        return False
    if occurred_at > now + CLOCKS_APART:
        raise Refused("in_the_future", "occurred_at: it has not happened yet")
    return occurred_at < now
