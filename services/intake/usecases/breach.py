"""Who read, and who could have read, what between two times: the access log, the trail, grants."""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol, TypeVar

from services.intake.domain import (
    Affected,
    Case,
    CaseDocument,
    CasePapers,
    Fact,
    Held,
    PersonRead,
    Programme,
    Resident,
    Statement,
    held,
    statement_id,
)
from services.intake.domain.breach import DOCUMENT, ERASED_SINCE, PAPERS
from services.intake.usecases.ports import CaseFilter
from shared.audit.trail import AuditEntry

PAGE: Final = 500
"""Cases that are looked at together."""
EVERYWHERE: Final = "*"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Question:
    """From `since` on and before `until`; of one account or all, in one programme or all.

    `grants` are what the office knows of tokens made without intake: no trail has them.
    """

    since: datetime
    until: datetime
    account: str | None = None
    programme: str | None = None
    grants: tuple[str, ...] = ()


@dataclass(slots=True)
class Breach:
    """What was found, by programme."""

    read: dict[str, Affected] = field(default_factory=lambda: defaultdict(Affected))
    """Whose data were looked at."""
    could: dict[str, Affected] = field(default_factory=lambda: defaultdict(Affected))
    """Whose data those could have looked at who held a right to."""
    held: list[Held] = field(default_factory=list)
    looks: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How often which account looked by which route or command."""
    unlogged: set[tuple[str, str]] = field(default_factory=set)
    """Accounts and cases of looks that the trail has and the access log lacks: it was altered."""
    unknown: set[str] = field(default_factory=set)
    """Accounts that looked and that the trail never gave a right: tokens made without intake."""


class BreachReader(Protocol):
    """What is asked of the committed data."""

    def reads_between(
        self, since: datetime, until: datetime, subject: str | None
    ) -> AsyncIterator[PersonRead]:
        """Yield the access log of that time."""
        ...

    def trail_reads(
        self, since: datetime, until: datetime, subject: str | None
    ) -> AsyncIterator[AuditEntry]:
        """Yield the trail's entries about looks of that time."""
        ...

    def rights_given(self, until: datetime) -> AsyncIterator[AuditEntry]:
        """Yield the trail's entries about rights until then, oldest first."""
        ...

    async def many(self, kept: type[T], ids: Sequence[str]) -> dict[str, T]:
        """Return those of a type that are there, by their ids."""
        ...

    async def find(self, kept: type[T]) -> list[T]:
        """Return all of a type."""
        ...

    async def cases(self, case_filter: CaseFilter) -> list[Case]:
        """Return cases, in order of ids."""
        ...


async def investigate(question: Question, reader: BreachReader) -> Breach:
    """Return what was read and what could have been. Raises Unavailable."""
    breach = Breach()
    programmes = {one.id: one for one in await reader.find(Programme)}
    looked_at = await _looks(question, reader, breach)
    for ids in _pages(sorted(looked_at)):
        there = (await reader.many(Case, ids)).values()
        wanted = [case for case in there if question.programme in (None, case.programme_id)]
        await _add(wanted, breach.read, programmes, question, reader)
    everybody = held([entry async for entry in reader.rights_given(question.until)])
    accounts = {one.account_id for one in everybody}
    breach.unknown = {account for account, _ in breach.looks} - accounts
    breach.held = [one for one in everybody if _concerns(one, question)]
    for programme, regions in _scopes(question, breach.held, programmes).items():
        async for cases in _within(programme, regions, reader):
            then = [case for case in cases if case.facts[Fact.RECEIVED] < question.until]
            await _add(then, breach.could, programmes, question, reader)
    return breach


async def _looks(question: Question, reader: BreachReader, breach: Breach) -> set[str]:
    """Count the looks and return whose cases they were of, by the log and by the trail."""
    span = (question.since, question.until, question.account)
    logged: set[tuple[str, str]] = set()
    async for read in reader.reads_between(*span):
        breach.looks[read.subject, read.route] += 1
        logged.add((read.subject, read.case_id))
    noted = {(entry.actor, entry.about) async for entry in reader.trail_reads(*span)}
    breach.unlogged = noted - logged
    for account, _ in breach.unlogged:
        breach.looks[account, "not in the access log"] += 1
    return {case_id for _, case_id in logged | noted}


def _concerns(one: Held, question: Question) -> bool:
    ours = question.account in (None, one.account_id)
    programme = one.place[0]
    there = question.programme is None or programme in (EVERYWHERE, question.programme)
    return ours and there and one.reads_persons and one.overlaps(question.since, question.until)


def _scopes(
    question: Question, rights: Iterable[Held], programmes: Mapping[str, Programme]
) -> dict[str, set[str]]:
    """Return the regions within reach, by programme."""
    told = [Held("", grant, question.since) for grant in question.grants]
    found: dict[str, set[str]] = defaultdict(set)
    for one in [*rights, *(grant for grant in told if grant.reads_persons)]:
        programme, region = one.place
        for id_ in programmes if programme == EVERYWHERE else [programme]:
            if question.programme in (None, id_):
                found[id_].add(region)
    return found


async def _within(
    programme: str, regions: set[str], reader: BreachReader
) -> AsyncIterator[list[Case]]:
    after: str | None = None
    while page := await reader.cases(
        CaseFilter(programme, frozenset(regions), None, None, None, after, PAGE)
    ):
        yield page
        after = page[-1].id


async def _add(
    cases: Sequence[Case],
    found: dict[str, Affected],
    programmes: Mapping[str, Programme],
    question: Question,
    reader: BreachReader,
) -> None:
    """Add these cases with what was kept of them; not those whose people were erased before."""
    parties = [(case, party, id_) for case in cases for party, id_ in case.parties.items()]
    residents = await reader.many(Resident, sorted({id_ for _, _, id_ in parties}))
    gone = {one.id: one.erased_at < question.since for one in residents.values() if one.erased_at}
    names = [statement_id(case.id, party) for case, party, _ in parties]
    said = await reader.many(Statement, names)
    ids = [case.id for case in cases]
    papers = await reader.many(CasePapers, ids)
    issued = await reader.many(CaseDocument, ids)
    for case in cases:
        theirs = {id_ for id_ in case.parties.values() if not gone.get(id_, False)}
        if not theirs:
            continue
        statements = (said.get(statement_id(case.id, party)) for party in case.parties)
        kinds = {kind for one in statements if one is not None for kind in one.sealed}
        kinds |= {PAPERS} if case.id in papers else set()
        kept = issued.get(case.id)
        kinds |= {DOCUMENT} if kept and kept.document else set()
        kinds |= {ERASED_SINCE} if theirs & gone.keys() else set()
        child = _is_childs(case, programmes)
        found[case.programme_id].add(case.id, theirs, kinds, child=child)


def _is_childs(case: Case, programmes: Mapping[str, Programme]) -> bool:
    """Return whether a case is about a child, as its programme has it."""
    programme = programmes.get(case.programme_id)
    service = programme.catalogue.get(case.service) if programme else None
    return service is not None and service.child


def _pages(ids: Sequence[str]) -> Iterable[Sequence[str]]:
    return (ids[start : start + PAGE] for start in range(0, len(ids), PAGE))
