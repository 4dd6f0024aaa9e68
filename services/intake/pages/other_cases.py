"""Other cases on the page of one: those that may be the same, and those of the same visit."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from services.intake.domain import Case, Programme
from services.intake.domain.visit import Visit
from services.intake.pages.desk import Desk, Row
from services.intake.usecases.hints import hints_of
from services.intake.usecases.reach import within_reach


@dataclass(frozen=True, slots=True)
class OtherCases:
    """What is offered to whoever works on a case; nothing is merged."""

    alike: Sequence[Row] = ()
    """Open, about the same person and for the same service, in whatever channel."""
    together: Sequence[Row] = ()
    """Recorded in the same visit."""


async def other_cases(
    case: Case, programme: Programme | None, visit: Visit | None, desk: Desk
) -> OtherCases:
    """Return the cases beside one that are within the caller's reach."""
    if programme is None:
        return OtherCases()
    alike = await hints_of(case, desk.reader)
    found = await desk.reader.many(Case, visit.others(case.id)) if visit else {}
    known = {one.id for one in alike}
    together = [one for id_, one in found.items() if id_ not in known]

    def rows(cases: Iterable[Case]) -> list[Row]:
        return [desk.row(one, programme) for one in within_reach(cases, desk.caller)]

    return OtherCases(rows(alike), rows(together))
