"""How a request stands, for whoever has its code."""

import asyncio
from dataclasses import dataclass

from services.intake.domain import (
    Awaited,
    Case,
    Deliverable,
    Line,
    NextStep,
    PlannedEvent,
    Programme,
    Secrets,
    State,
    awaited_from,
    digest,
    next_step,
)
from services.intake.usecases.checklists import Checked, checklist_of
from services.intake.usecases.erasure import why_declined
from services.intake.usecases.known_programmes import KnownProgrammes
from services.intake.usecases.ports import Catalogues, Limiter, Reader
from services.intake.usecases.restriction import paused
from services.intake.usecases.surveys import may_answer


@dataclass(frozen=True, slots=True)
class Tracked:
    """A case with the programme it runs in and the event it waits for, as far as they are known."""

    case: Case
    programme: Programme | None
    event: PlannedEvent | None
    checked: Checked | None = None
    """Its papers as they stand; None where no catalogue says what it needs."""
    paused: bool = False
    """Nothing is processed, at the word of one of its people."""
    erasure_declined: str | None = None
    """Why its applicant is not erased, where that was asked for and refused."""
    takes_survey: bool = False
    """It is closed, and how it went was not answered yet."""

    @property
    def lacking(self) -> tuple[Line, ...]:
        """Return papers to say to the resident; none once the office has all it needs."""
        if self.checked and self.case.state is State.RECEIVED:
            return self.checked.lacking
        return self.returned

    @property
    def returned(self) -> tuple[Line, ...]:
        """Return what the resident is to bring anew, each with what is wrong with it."""
        lines = self.checked.lines if self.checked and self.case.outcome is None else ()
        return tuple(line for line in lines if line.fault is not None)

    @property
    def missing(self) -> tuple[Line, ...]:
        """Return the papers that are lacking in every case."""
        return tuple(line for line in self.lacking if not line.requirement.condition)

    @property
    def awaited(self) -> Awaited:
        """Return whose turn it is."""
        return awaited_from(self.next, papers_missing=bool(self.missing))

    @property
    def takes_papers(self) -> bool:
        """Return whether its resident may send papers himself."""
        named = self.checked is not None and bool(self.checked.entry.requirements)
        return named and self.case.awaits_issue and not self.paused

    @property
    def offers(self) -> tuple[str, ...]:
        """Return the other ways of somebody who was not served, until his request goes on."""
        waits = self.case.outcome is None and self.case.state is State.RECEIVED
        ticket = self.case.ticket if waits else None
        return ticket.offers if ticket else ()

    @property
    def complaints(self) -> str:
        """Return where to complain; nothing where no catalogue says it."""
        return self.checked.catalogue.complaints if self.checked else ""

    @property
    def programme_name(self) -> str:
        """Return the name that residents know it by."""
        return self.programme.name if self.programme else self.case.programme_id

    @property
    def service_name(self) -> str:
        """Return the name of what was asked for."""
        service = self.programme.catalogue.get(self.case.service) if self.programme else None
        return service.name if service else self.case.service

    @property
    def next(self) -> NextStep:
        """Return what happens next, or what the resident can do."""
        service = self.programme.catalogue.get(self.case.service) if self.programme else None
        return next_step(
            self.case, service.deliverable if service else Deliverable.CARD, self.event
        )


async def track(
    code: str, reader: Reader, catalogues: Catalogues, programmes: KnownProgrammes
) -> Tracked | None:
    """Return how the request with this code stands; None where no request has it."""
    case = await reader.case_by_code(digest(code))
    return await tracked(case, reader, catalogues, programmes) if case else None


async def is_recipient(
    case: Case | None, typed: str, client: str, secrets: Secrets, limiter: Limiter
) -> bool:
    """Return whether a receipt code is the case's; a wrong one counts for client and case."""
    if case is not None and secrets.confirms(case.id, typed):
        return True
    await limiter.count_client(client)
    if case is not None:
        await limiter.count_case(case.id)
    return False


async def tracked(
    case: Case, reader: Reader, catalogues: Catalogues, programmes: KnownProgrammes
) -> Tracked:
    """Return how a request stands. What it takes is read at the same time."""
    programme, event, checked, is_paused, declined, asks = await asyncio.gather(
        programmes.published(case.programme_id),
        _event_of(case, reader),
        checklist_of(case, reader, catalogues),
        paused(case, reader),
        why_declined(case, reader),
        may_answer(case, reader),
    )
    return Tracked(case, programme, event, checked, is_paused, declined, asks)


async def _event_of(case: Case, reader: Reader) -> PlannedEvent | None:
    event_id = case.ticket.event_id if case.ticket else case.event_id
    return await reader.get(PlannedEvent, event_id) if event_id else None
