"""What the use cases and the routes need of the outside."""

from dataclasses import dataclass
from typing import Protocol, TypeVar

from services.intake.domain import Case, State

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """Cases of one programme that are worked in one of these regions.

    A region `*` stands for everywhere. `overdue`: those whose document is, or is not, overdue.
    `after` is the last case of the page before.
    """

    programme_id: str
    regions: frozenset[str]
    state: State | None
    event_id: str | None
    overdue: bool | None
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
