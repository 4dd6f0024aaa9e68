"""What is kept of cases, as far as somebody's reach shows it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from services.intake.domain import (
    Case,
    CaseDocument,
    CasePapers,
    Party,
    Reach,
    Resident,
    Statement,
    local_day,
    statement_id,
)
from services.intake.domain.breach import DOCUMENT, ERASED_SINCE, PAPERS, SURVEY, TO_VISIT
from services.intake.domain.survey import Survey

T = TypeVar("T")


class Many(Protocol):
    """Reads committed documents by their ids."""

    async def many(self, kept: type[T], ids: Sequence[str]) -> dict[str, T]:
        """Return those of a type that are there, by their ids."""
        ...


@dataclass(frozen=True, slots=True)
class KeptOf:
    """What is kept of some cases."""

    gone: Mapping[str, bool]
    """Residents who were erased: whether that was before the time that is asked about."""
    said: Mapping[str, Statement]
    papers: Mapping[str, CasePapers]
    issued: Mapping[str, CaseDocument]
    surveys: Mapping[str, Survey]
    until: datetime
    looked: bool
    """Whether somebody looked, as log or trail says: not, who could have."""

    def people(self, case: Case, reach: Reach) -> Mapping[Party, str]:
        """Return whom a reach shows of a case, but for those who were gone before."""
        shown = {Party.APPLICANT} if reach is Reach.ADDRESSES else set(case.parties)
        parties = {party: id_ for party, id_ in case.parties.items() if party in shown}
        if reach is Reach.DOCUMENTS and not self._shown(case):
            return {}
        return {party: id_ for party, id_ in parties.items() if not self.gone.get(id_, False)}

    def kinds(self, case: Case, people: Mapping[Party, str], reach: Reach) -> set[str]:
        """Return the kinds of data that a reach shows of a case."""
        erased = {ERASED_SINCE} if self.gone.keys() & set(people.values()) else set()
        if reach is Reach.DOCUMENTS:
            return self._shown(case) | erased
        statements = (self.said.get(statement_id(case.id, party)) for party in people)
        fields = {kind for one in statements if one is not None for kind in one.sealed}
        if reach is Reach.ADDRESSES:
            return (fields & TO_VISIT) | erased
        papers = {PAPERS} if case.id in self.papers else set()
        return fields | papers | self._commented(case) | self._documents(case) | erased

    def _commented(self, case: Case) -> set[str]:
        # Of a survey its day is known, and no more.
        survey, last = self.surveys.get(case.id), local_day(self.until, case.time_zone)
        there = survey is not None and survey.comment and survey.answered_on <= last
        return {SURVEY} if there else set()

    def _shown(self, case: Case) -> set[str]:
        # Who looked at a document saw one, whatever became of it since.
        return self._documents(case) or ({DOCUMENT} if self.looked else set())

    def _documents(self, case: Case) -> set[str]:
        kept = self.issued.get(case.id)
        if kept is not None and kept.erased:
            return {ERASED_SINCE}
        bound = kept.since if kept else None
        return {DOCUMENT} if bound is not None and bound < self.until else set()


async def kept_of(
    cases: Sequence[Case], since: datetime, until: datetime, reader: Many, *, looked: bool
) -> KeptOf:
    """Return what is kept of these cases, to be asked between two times. Raises Unavailable."""
    ids = [case.id for case in cases]
    everybody = sorted({id_ for case in cases for id_ in case.parties.values()})
    residents = (await reader.many(Resident, everybody)).values()
    names = [statement_id(case.id, party) for case in cases for party in case.parties]
    return KeptOf(
        gone={one.id: one.erased_at < since for one in residents if one.erased_at},
        said=await reader.many(Statement, names),
        papers=await reader.many(CasePapers, ids),
        issued=await reader.many(CaseDocument, ids),
        surveys=await reader.many(Survey, ids),
        until=until,
        looked=looked,
    )
