"""A visit: people who come together, and what each of them wants.

Its cases are ordinary ones and go their own ways. What they share is that a paper which one of
them brought is not asked for again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from services.intake.domain.case import Case
from services.intake.domain.catalogue import Entry
from services.intake.domain.checklist import NO_REQUIREMENT
from services.intake.domain.counter import Counted, CounterClaim
from services.intake.domain.new_request import NewRequest
from services.intake.domain.paper import Paper, PaperKind, Whose
from services.intake.domain.refusal import Refused
from services.intake.domain.resident import Party

VISIT_REQUESTS: Final = 20
"""Requests of one visit, with those that a life event opens."""
VISIT_PEOPLE: Final = 10


@dataclass(frozen=True, slots=True)
class SeenFor:
    """A requirement whose paper was seen, and of which entry it is."""

    requirement: str
    variant: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for in a visit: one service, or all that belong to a life event.

    `request` has no case yet, and for a life event no service.
    """

    request: NewRequest
    life_event: str | None = None
    seen: tuple[SeenFor, ...] = ()
    """Of a life event: which papers an officer saw, for which of what it opens."""

    def opened(self, entries: Sequence[Entry], *, lenient: bool) -> list[NewRequest]:
        """Return the requests for these entries of the catalogue, in their order.

        `lenient`: what was seen for none of them is passed over, else Refused: variant_unknown,
        requirement_unknown.
        """
        if not lenient:
            self._require_known({entry.code: entry for entry in entries})
        return [
            replace(
                self.request,
                service=entry.service,
                variant=entry.code,
                seen=tuple(one.requirement for one in self.seen if one.variant == entry.code),
            )
            for entry in entries
        ]

    def _require_known(self, entries: Mapping[str, Entry]) -> None:
        for number, one in enumerate(self.seen):
            entry, at = entries.get(one.variant), f"seen.{number}"
            if entry is None:
                raise Refused("variant_unknown", f"{at}.variant: the life event opens no such one")
            if entry.requirement(one.requirement) is None:
                raise Refused("requirement_unknown", f"{at}.requirement_id: {NO_REQUIREMENT}")


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit. It holds ids alone; who came stands with the cases, sealed."""

    id: str
    programme_id: str
    channel: str
    event_id: str | None
    recorded_at: datetime
    case_ids: tuple[str, ...]
    """In the order in which they were asked for."""
    life_events: tuple[str, ...] = ()
    version: int = 1
    counter: CounterClaim | None = None
    """What the laptop says that wrote it down and sent it later; `recorded_at` is its arrival."""

    def others(self, case_id: str) -> tuple[str, ...]:
        """Return the cases beside one of them."""
        return tuple(one for one in self.case_ids if one != case_id)


def counted(visits: Iterable[Visit]) -> list[Counted]:
    """Return what there is of each laptop, by its name."""
    found = dict[str, Counted]()
    for one in sorted(visits, key=lambda visit: visit.recorded_at):
        if one.counter is None:
            continue
        device = one.counter.device
        known = found.get(device)
        visits_, cases = (known.visits, known.cases) if known else (0, 0)
        cases += len(one.case_ids)
        found[device] = Counted(
            device=device,
            prefix=one.counter.prefix,
            visits=visits_ + 1,
            cases=cases,
            last_at=one.recorded_at,
            clock_ahead=one.counter.clock_ahead,
        )
    return [found[device] for device in sorted(found)]


def counted_at(visits: Iterable[Visit]) -> Mapping[str | None, list[Counted]]:
    """Return what there is of each laptop, by event."""
    by_event = dict[str | None, list[Visit]]()
    for one in visits:
        by_event.setdefault(one.event_id, []).append(one)
    return {event_id: counted(of_it) for event_id, of_it in by_event.items()}


def subject_apart(case: Case) -> str | None:
    """Return the resident whom a request of a visit is for, where he is not who asks."""
    subject = case.parties.get(Party.SUBJECT)
    return subject if case.visit_id and subject != case.parties.get(Party.APPLICANT) else None


def require_few(requests: int, limit: int = VISIT_REQUESTS) -> None:
    """Refuse a visit of more requests than one command may record."""
    if requests > limit:
        raise Refused("too_many_requests", f"requests: a visit has at most {limit}")


def require_shared(kind: PaperKind) -> None:
    """Refuse to share a paper that is filled in or taken for one request alone."""
    if kind in _ONE_REQUEST:
        raise Refused("not_for_visit", "for_visit: this kind of paper serves one request alone")


_ONE_REQUEST: Final = frozenset(
    {PaperKind.APPLICATION_FORM, PaperKind.CHANGE_FORM, PaperKind.STATEMENT, PaperKind.OTHER}
)
"""F-1.02 and F-2.01 are one kind: the form of one request would be taken for another's."""


def serves(paper: Paper, entry: Entry, case: Case) -> bool:
    """Return whether a paper of the visit, bound to another case, counts in this one."""
    found = entry.alternative(paper.kind)
    return found is not None and is_of(paper.of, found.of, case)


def is_of(resident_id: str | None, whose: Whose, case: Case) -> bool:
    """Return whether somebody is the one of this case whose paper is needed."""
    if resident_id is None:
        return False
    match whose:
        case Whose.REQUEST:
            return False
        case Whose.SUBJECT:
            subject = case.parties.get(Party.SUBJECT, case.parties.get(Party.APPLICANT))
            return resident_id == subject
        case Whose.APPLICANT:
            return resident_id == case.parties.get(Party.APPLICANT)
        case Whose.PARTY:
            return resident_id in case.parties.values()


def with_power(case: Case) -> Case:
    """Return a case whose proxy has shown that he may; itself where that is known."""
    if case.power_of_attorney:
        return case
    return replace(case, version=case.version + 1, power_of_attorney=True)
