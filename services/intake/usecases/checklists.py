"""The checklist of a case: shown, and one of its papers seen or waived."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from services.intake.domain import (
    Case,
    CasePapers,
    Catalogue,
    Checklist,
    Entry,
    Line,
    NewRequest,
    PaperKind,
    PaperStanding,
    Refused,
    Seen,
    Waiver,
    catalogue_id,
)
from services.intake.domain.checklist import NO_REQUIREMENT
from services.intake.domain.desk_work import answered, require_free
from services.intake.domain.visit import Visit, serves, with_power
from services.intake.usecases.allow import Allow, require_right
from services.intake.usecases.catalogues import counting, entry_of
from services.intake.usecases.claims import keep_worked
from services.intake.usecases.ports import Catalogues, Reader
from services.intake.usecases.restriction import require_processing
from shared.auth.roles import Forbidden, Role
from shared.messaging.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Checked:
    """A case's requirements as they stand, with the catalogue that they are of."""

    catalogue: Catalogue
    entry: Entry
    lines: tuple[Line, ...]

    @property
    def lacking(self) -> tuple[Line, ...]:
        """Return what is missing, and what is not there and may be needed."""
        there = (PaperStanding.PRESENT, PaperStanding.SEEN, PaperStanding.WAIVED)
        return tuple(line for line in self.lines if line.standing not in there)


async def checklist_of(case: Case, reader: Reader, catalogues: Catalogues) -> Checked | None:
    """Return how a case's papers stand; None where no catalogue says what it needs."""
    if case.catalogue_version is None or case.entry is None:
        return None
    catalogue = await catalogues.get(catalogue_id(case.programme_id, case.catalogue_version))
    entry = catalogue.entry(case.entry) if catalogue else None
    if catalogue is None or entry is None:
        return None
    found, kinds = await asyncio.gather(reader.get(Checklist, case.id), _kinds(case, entry, reader))
    checklist = found or Checklist(case.id)
    return Checked(catalogue, entry, checklist.lines(entry, kinds, case.returned))


async def papers_of_visit(case: Case, reader: Reader) -> dict[str, CasePapers]:
    """Return the papers of the other cases of a case's visit, by case; none where it has none."""
    visit = await reader.get(Visit, case.visit_id) if case.visit_id else None
    return await reader.many(CasePapers, visit.others(case.id)) if visit else {}


async def _kinds(case: Case, entry: Entry, reader: Reader) -> set[PaperKind]:
    """Return which kinds of papers are there: the case's, and of its visit those that serve it."""
    own = await reader.get(CasePapers, case.id) or CasePapers(case.id)
    others = await papers_of_visit(case, reader)
    shared = [paper for papers in others.values() for paper in papers.papers]
    return {
        *(paper.kind for paper in own.papers),
        *(paper.kind for paper in shared if serves(paper, entry, case)),
    }


async def waive(
    case_id: str, requirement_id: str, reason: str, uow: UnitOfWork, *, allow: Allow
) -> None:
    """Do without a paper of a case, for a reason that its catalogue allows.

    Waived again it stays as it was. Raises Missing, and Refused: closed, no_catalogue,
    requirement_unknown, not_waivable, restricted, claimed.
    """
    case = await _workable(case_id, uow, allow)
    entry = await entry_of(case, uow)
    known = await uow.get(Checklist, case_id) or Checklist(case_id)
    waived = known.waived(entry, Waiver(requirement_id, reason, uow.actor, uow.now()))
    if waived is not known:
        uow.add(waived)
    await keep_worked(case, answered(case, (requirement_id,)), uow)


async def see_paper(case_id: str, requirement_id: str, uow: UnitOfWork, *, allow: Allow) -> None:
    """Note that the officer saw a paper of a case, of which no file is kept.

    Seen again it stays as it was, unless it was returned since. A power of attorney shows that the
    proxy may. Raises Missing, and Refused: closed, no_catalogue, requirement_unknown, restricted,
    claimed.
    """
    case = await _workable(case_id, uow, allow)
    entry = await entry_of(case, uow)
    known = await uow.get(Checklist, case_id) or Checklist(case_id)
    back = case.returned is not None and case.returned.fault_of(requirement_id) is not None
    shown = known.shown(entry, Seen(requirement_id, uow.actor, uow.now()), anew=back)
    if shown is not known:
        uow.add(shown)
    after = with_power(case) if _show_power(entry, (requirement_id,)) else case
    await keep_worked(case, answered(after, (requirement_id,)), uow)


async def note_seen(
    case: Case, new: NewRequest, uow: UnitOfWork, *, catalogues: Catalogues, allow: Allow
) -> Case:
    """Note which papers an officer saw when a request was recorded; return its case.

    A counter's laptop may have taken an older catalogue along: what is no requirement any more is
    passed over there. Raises Forbidden, and Refused: no_catalogue, requirement_unknown.
    """
    if not new.seen:
        return case
    _require_officer(case, allow)
    entry = await _opened_under(case, uow, catalogues)
    if not new.at_counter:
        _require_known(new.seen, entry)
    seen = [one for one in dict.fromkeys(new.seen) if entry and entry.requirement(one)]
    if entry is None or not seen:
        return case
    checklist = Checklist(case.id)
    for one in seen:
        checklist = checklist.shown(entry, Seen(one, uow.actor, uow.now()))
    uow.add(checklist)
    return replace(case, power_of_attorney=_show_power(entry, seen))


def _require_officer(case: Case, allow: Allow) -> None:
    try:
        require_right(case, allow, backdated=False, roles={Role.OPERATOR})
    except Forbidden as refused:
        why = "only an operator says that he saw a paper"
        raise Forbidden(f"seen: {why}; {refused.reason}") from None


def _require_known(seen: Sequence[str], entry: Entry | None) -> None:
    if entry is None:
        raise Refused("no_catalogue", "seen: the request runs under no catalogue")
    for number, one in enumerate(seen):
        if entry.requirement(one) is None:
            raise Refused("requirement_unknown", f"seen.{number}: {NO_REQUIREMENT}")


def _show_power(entry: Entry, seen: Collection[str]) -> bool:
    return any(one.shows_power for one in entry.requirements if one.id in seen)


async def _opened_under(case: Case, uow: UnitOfWork, catalogues: Catalogues) -> Entry | None:
    if case.catalogue_version is None or case.entry is None:
        return None
    id_ = catalogue_id(case.programme_id, case.catalogue_version)
    return (await counting(id_, uow, catalogues)).entry(case.entry)


async def _workable(case_id: str, uow: UnitOfWork, allow: Allow) -> Case:
    """Return an open case that this officer may work on now."""
    case = await uow.require(Case, case_id)
    require_right(case, allow, backdated=False)
    await require_processing(case, uow)
    if case.outcome is not None:
        raise Refused("closed", f"the request is closed: {case.outcome}")
    require_free(case, uow.actor, uow.now())
    return case
