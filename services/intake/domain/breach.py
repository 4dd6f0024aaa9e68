"""After a breach: who held which rights when, and whose data of which kind were within reach.

UU 27/2022 article 46: subject and agency are told which data, when and how, and what was done.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from services.intake.domain.audit import Deed
from services.intake.domain.case import Case
from services.intake.domain.machine import Entry, Machines


class Reach(StrEnum):
    """How much of a case somebody sees who may look at people."""

    PERSONS = "persons"
    """All that is kept of it."""
    DOCUMENTS = "documents"
    """The document that the office issued."""
    ADDRESSES = "addresses"
    """Whom to visit: of the jobs that an agent carries."""


REACH: Final[Mapping[str, Reach]] = {
    "operator": Reach.PERSONS,
    "supervisor": Reach.DOCUMENTS,
    "agent": Reach.ADDRESSES,
}
"""Of the roles that see people at all; the rules of the routes are the same."""
NARROW: Final[Mapping[str, Reach]] = {
    "GET /api/requests/{case_id}/document/content": Reach.DOCUMENTS,
    "GET /api/requests/{case_id}/address": Reach.ADDRESSES,
}
"""Routes that show less than all; every other way of looking counts as all."""
TO_VISIT: Final = frozenset({"name", "address", "phone"})
"""What an agent is told of the applicant."""
RIGHTS: Final = frozenset(
    {
        Deed.INVITED, Deed.GRANTED, Deed.DISABLED, Deed.RECOVERED,
        Deed.MACHINE_TOKEN, Deed.MACHINE_ENDED,
    }
)  # fmt: skip
"""Deeds that begin and end what an account or a machine may do."""
MACHINES: Final = frozenset({Deed.MACHINE_TOKEN, Deed.MACHINE_ENDED})
_OF_ACCOUNTS: Final = RIGHTS - MACHINES
PAPERS: Final = "papers"
DOCUMENT: Final = "document"
"""What the office issued, as a file."""
SURVEY: Final = "survey"
"""What the applicant said of the service in his own words."""
ERASED_SINCE: Final = "erased_since"
"""In the place of kinds of data, where somebody was erased since and nothing tells any more."""


@dataclass(frozen=True, slots=True)
class Held:
    """One grant of an account, as a token holds it, and from when to when; None: it still holds."""

    account_id: str
    grant: str
    since: datetime
    until: datetime | None = None

    @property
    def reach(self) -> Reach | None:
        """Return how much of a case whoever holds it may see; None: nobody's data."""
        return REACH.get(self.grant.partition(":")[0])

    @property
    def place(self) -> tuple[str, str]:
        """Return its programme and region, either of which may be `*`."""
        _, programme, region, *_ = self.grant.split(":")
        return programme, region

    def overlaps(self, since: datetime, until: datetime) -> bool:
        """Return whether it held at any time from `since` on and before `until`."""
        return self.since < until and (self.until is None or self.until > since)


def held(entries: Iterable[Entry]) -> list[Held]:
    """Return who held which grant from when to when, of the trail's entries in their order.

    An account that is handed back can be used as soon as its link is: from then on it counts. A
    machine's token counts until it ends: that its key was retired before stands in no trail.
    """
    entries = list(entries)
    machines = Machines.of(entries)
    found = [
        Held(token.name, grant, token.since, machines.until(token))
        for token in machines.tokens
        for grant in token.grants
    ]
    found += _held_by_accounts(entries)
    return [one for one in found if one.until is None or one.until > one.since]


def unreadable(entries: Iterable[Entry]) -> tuple[str, ...]:
    """Return which of the trail's entries about rights cannot be read, by id."""
    return Machines.of(entries).unread


def _held_by_accounts(entries: Iterable[Entry]) -> Iterator[Held]:
    grants: dict[str, tuple[str, ...]] = {}
    usable: dict[str, datetime] = {}
    for entry in entries:
        if entry.deed not in _OF_ACCOUNTS:
            continue
        of, since = entry.about, usable.pop(entry.about, None)
        if since is not None:
            yield from (Held(of, grant, since, entry.at) for grant in grants[of])
        if entry.deed in (Deed.INVITED, Deed.GRANTED):
            grants[of] = entry.said
        begins = entry.deed in (Deed.INVITED, Deed.RECOVERED) or since is not None
        if begins and entry.deed != Deed.DISABLED and of in grants:
            usable[of] = entry.at
    for of, since in usable.items():
        yield from (Held(of, grant, since) for grant in grants[of])


def carried_until(case: Case) -> datetime | None:
    """Return until when an agent of a case may have been told whom to visit; None: he still may.

    To what was noted last where it is closed, for the times of single steps may be an agent's word.
    """
    return max(case.facts.values()) if case.outcome is not None else None


@dataclass(slots=True)
class Affected:
    """Cases of one programme, their residents, and the kinds of data that are kept of them."""

    by_case: dict[str, set[str]] = field(default_factory=dict)
    """Kinds of data: a field of what was said, papers, a document, or that somebody was erased."""
    residents: set[str] = field(default_factory=set)
    children_cases: set[str] = field(default_factory=set)
    """Cases about children: specific data (UU 27/2022, article 4)."""
    children_residents: set[str] = field(default_factory=set)

    @property
    def cases(self) -> set[str]:
        """Return the cases' ids."""
        return set(self.by_case)

    @property
    def kinds(self) -> Counter[str]:
        """Return in how many cases each kind of data was kept."""
        return Counter(kind for kinds in self.by_case.values() for kind in kinds)

    def add(
        self, case_id: str, residents: Iterable[str], kinds: Iterable[str], *, child: bool
    ) -> None:
        """Add what is seen of one case to what was seen of it before."""
        self.by_case.setdefault(case_id, set()).update(kinds)
        self.residents.update(residents)
        if child:
            self.children_cases.add(case_id)
            self.children_residents.update(residents)

    def counted(self) -> Mapping[str, object]:
        """Return the numbers alone."""
        return {
            "cases": len(self.by_case),
            "residents": len(self.residents),
            "specific_data": {
                "cases_about_children": len(self.children_cases),
                "residents": len(self.children_residents),
            },
            "kinds": dict(sorted(self.kinds.items())),
        }
