"""Who read, and who could have read, what between two times: the access log, the trail, grants."""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol, TypeVar

from services.intake.domain import (
    Affected,
    Case,
    Fact,
    Held,
    PersonRead,
    Programme,
    Reach,
    held,
    unreadable,
)
from services.intake.domain.breach import NARROW, carried_until
from services.intake.usecases.breach_kept import KeptOf, kept_of
from services.intake.usecases.ports import CaseFilter
from shared.audit.trail import AuditEntry
from shared.auth.roles import Grant

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
    unread: set[str] = field(default_factory=set)
    """Entries of the trail about rights that cannot be read, and accounts whose grants cannot."""


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

    def machines_noted(self) -> AsyncIterator[AuditEntry]:
        """Yield the trail's entries about machines, oldest first."""
        ...

    async def many(self, kept: type[T], ids: Sequence[str]) -> dict[str, T]:
        """Return those of a type that are there, by their ids."""
        ...

    async def find(self, kept: type[T]) -> list[T]:
        """Return all of a type."""
        ...

    async def carried_by(self, accounts: Sequence[str], after: str, limit: int) -> list[Case]:
        """Return cases that any of these agents was given, behind an id, in order of ids."""
        ...

    async def cases(self, case_filter: CaseFilter) -> list[Case]:
        """Return cases, in order of ids."""
        ...


async def investigate(question: Question, reader: BreachReader) -> Breach:
    """Return what was read and what could have been. Raises Unavailable."""
    breach, span = Breach(), (question.since, question.until)
    programmes = {one.id: one for one in await reader.find(Programme)}
    looked_at = await _looks(question, reader, breach)
    for ids in _pages(sorted(looked_at)):
        there = (await reader.many(Case, ids)).values()
        wanted = [case for case in there if question.programme in (None, case.programme_id)]
        for reach in Reach:
            seen = [case for case in wanted if reach in looked_at[case.id]]
            kept = await kept_of(seen, *span, reader, looked=True)
            _add(seen, reach, breach.read, programmes, kept)
    entries = [entry async for entry in reader.rights_given(question.until)]
    everybody = [one for one in held(entries) if _readable(one, breach)]
    breach.unread.update(unreadable(entries))
    accounts = {one.account_id for one in everybody}
    breach.unknown = {account for account, _ in breach.looks} - accounts
    breach.held = [one for one in everybody if _concerns(one, question)]
    async for reach, reached in _reached(question, breach.held, programmes, reader):
        then = [case for case in reached if case.facts[Fact.RECEIVED] < question.until]
        kept = await kept_of(then, *span, reader, looked=False)
        _add(then, reach, breach.could, programmes, kept)
    return breach


async def _reached(
    question: Question,
    found: Sequence[Held],
    programmes: Mapping[str, Programme],
    reader: BreachReader,
) -> AsyncIterator[tuple[Reach, Sequence[Case]]]:
    """Yield cases within reach of these rights and of those told, a page at a time."""
    told = [Held(question.account or "", grant, question.since) for grant in question.grants]
    rights = [*found, *told]
    for reach in (Reach.PERSONS, Reach.DOCUMENTS):
        theirs = [one for one in rights if one.reach is reach]
        for programme, regions in _scopes(question, theirs, programmes).items():
            async for cases in _within(programme, regions, reader):
                yield reach, cases
    agents = [one for one in rights if one.reach is Reach.ADDRESSES]
    async for given in _carried(agents, reader):
        yield Reach.ADDRESSES, [case for case in given if _told_whom(case, agents, question)]


async def _looks(
    question: Question, reader: BreachReader, breach: Breach
) -> Mapping[str, set[Reach]]:
    """Count the looks and return how much of which cases they saw, by the log and by the trail."""
    span = (question.since, question.until, question.account)
    found: dict[str, set[Reach]] = defaultdict(set)
    logged: set[tuple[str, str]] = set()
    async for read in reader.reads_between(*span):
        breach.looks[read.subject, read.route] += 1
        logged.add((read.subject, read.case_id))
        found[read.case_id].add(NARROW.get(read.route, Reach.PERSONS))
    async for entry in reader.trail_reads(*span):
        found[entry.about].add(NARROW.get(" ".join(entry.said), Reach.PERSONS))
        if (entry.actor, entry.about) not in logged:
            breach.unlogged.add((entry.actor, entry.about))
    for account, _ in breach.unlogged:
        breach.looks[account, "not in the access log"] += 1
    return found


def _readable(one: Held, breach: Breach) -> bool:
    try:
        Grant.parse(one.grant)
    except ValueError:
        breach.unread.add(one.account_id)
        return False
    return True


def _concerns(one: Held, question: Question) -> bool:
    ours = question.account in (None, one.account_id)
    programme = one.place[0]
    there = question.programme is None or programme in (EVERYWHERE, question.programme)
    spans = one.overlaps(question.since, question.until)
    return ours and there and one.reach is not None and spans


def _scopes(
    question: Question, rights: Iterable[Held], programmes: Mapping[str, Programme]
) -> dict[str, set[str]]:
    """Return the regions within reach, by programme."""
    found: dict[str, set[str]] = defaultdict(set)
    for one in rights:
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


async def _carried(agents: Sequence[Held], reader: BreachReader) -> AsyncIterator[Sequence[Case]]:
    """Yield the cases that any of these agents carried, a page at a time."""
    accounts = sorted({one.account_id for one in agents if one.account_id})
    after = ""
    while accounts and (page := await reader.carried_by(accounts, after, PAGE)):
        yield page
        after = page[-1].id


def _told_whom(case: Case, agents: Sequence[Held], question: Question) -> bool:
    """Return whether any of them carried the case by his right and may have been told then."""
    if question.programme not in (None, case.programme_id):
        return False
    until = carried_until(case)
    return (until is None or until >= question.since) and any(
        one.account_id in case.carriers
        and Grant.parse(one.grant).covers(case.programme_id, case.region_code)
        for one in agents
    )


def _add(
    cases: Sequence[Case],
    reach: Reach,
    found: dict[str, Affected],
    programmes: Mapping[str, Programme],
    kept: KeptOf,
) -> None:
    """Add what a reach shows of these; not those whose people were erased before."""
    for case in cases:
        people = kept.people(case, reach)
        if people:
            kinds = kept.kinds(case, people, reach)
            child = _is_childs(case, programmes)
            found[case.programme_id].add(case.id, people.values(), kinds, child=child)


def _is_childs(case: Case, programmes: Mapping[str, Programme]) -> bool:
    """Return whether a case is about a child, as its programme has it."""
    programme = programmes.get(case.programme_id)
    service = programme.catalogue.get(case.service) if programme else None
    return service is not None and service.child


def _pages(ids: Sequence[str]) -> Iterable[Sequence[str]]:
    return (ids[start : start + PAGE] for start in range(0, len(ids), PAGE))
