"""What the use cases and the routes need of the outside."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from services.intake.domain import Case, PersonRead, Resident, ResidentKey, State

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """Cases of one programme that are worked in one of these regions.

    A region `*` stands for everywhere. `after` is the last case of the page before.
    """

    programme_id: str
    regions: frozenset[str]
    state: State | None
    event_id: str | None
    after: str | None
    limit: int


class Reader(Protocol):
    """What routes read: committed documents, outside any unit of work."""

    async def get(self, kept: type[T], id_: str) -> T | None:
        """Return what is kept under an id, or None."""
        ...

    async def find(self, kept: type[T]) -> list[T]:
        """Return all of a type, in order of ids."""
        ...

    async def case_by_code(self, tracking: str) -> Case | None:
        """Return the case whose code has this hash."""
        ...

    async def cases(self, case_filter: CaseFilter) -> list[Case]:
        """Return cases, oldest first."""
        ...

    async def reads_of(self, case_id: str) -> list[PersonRead]:
        """Return who looked at a case's persons, oldest first."""
        ...

    async def keys_not_under(self, master: str, limit: int) -> list[ResidentKey]:
        """Return residents' keys that another master key wraps, so many at most."""
        ...

    async def keys_under(self, master: str) -> int:
        """Return how many residents' keys this master key wraps."""
        ...

    async def residents_until(
        self, programme_id: str, before: datetime, after: str, limit: int
    ) -> list[Resident]:
        """Return residents with no case since, neither erased, in order of ids behind `after`."""
        ...


class Vault(Protocol):
    """Seals and opens what residents say, each with a key of his own."""

    def new_key(self, resident_id: str) -> ResidentKey:
        """Return a new key."""
        ...

    def seal(
        self, key: ResidentKey, statement_id: str, fields: Mapping[str, str]
    ) -> Mapping[str, str]:
        """Return fields sealed, each so that it opens in this place alone."""
        ...

    def open(
        self, key: ResidentKey, statement_id: str, sealed: Mapping[str, str]
    ) -> Mapping[str, str]:
        """Return what was sealed. Raises UnknownMasterKey and Unsealable (`shared.sealing`)."""
        ...

    def rewrap(self, key: ResidentKey) -> ResidentKey:
        """Return a key wrapped by the newest master key; itself where it is so already."""
        ...


class Regions(Protocol):
    """Kemendagri's register of regions."""

    def known(self, code: str) -> bool:
        """Return whether there is a region with this code."""
        ...


class Limiter(Protocol):
    """How often wrong codes may be tried."""

    async def client_waits(self, client: str) -> int | None:
        """Return the seconds that a client has to wait after too many wrong codes, or None."""
        ...

    async def count_client(self, client: str) -> None:
        """Count a wrong code of this client."""
        ...

    async def case_waits(self, case_id: str) -> int | None:
        """Return the seconds for which a case takes no receipt code, or None."""
        ...

    async def count_case(self, case_id: str) -> None:
        """Count a wrong receipt code of a case, from wherever it came."""
        ...
