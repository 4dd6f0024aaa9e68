"""What the use cases and the routes need of the outside."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Protocol, TypeVar

from services.intake.domain import (
    Account,
    AccountRequest,
    Case,
    Catalogue,
    PersonRead,
    PlannedEvent,
    Resident,
    ResidentKey,
    RightsRequest,
    SecurityRecord,
    State,
)
from services.intake.domain.batch import Batch
from services.intake.domain.complaint import Complaint, ComplaintKind, ComplaintState
from services.intake.domain.complaint_tally import Tally
from services.intake.domain.imports import Import, ImportRefusal
from services.intake.domain.sop import Sop
from services.intake.domain.visit import Visit

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """Cases of one programme that are worked in one of these regions.

    A region `*` stands for everywhere. `overdue`: those whose document is, or is not, overdue.
    `after` is the last case of the page before. `returned`: those that wait for their resident,
    or all others. `free_at`: those that nobody holds at that time; `held_by`: those that this
    account was the last to take. `late`: those alone
    whose state lasts too long; with it `head_regions` are those of which a head is told.
    `unprinted`: those alone that are in no batch.
    """

    programme_id: str
    regions: frozenset[str]
    state: State | None
    event_id: str | None
    overdue: bool | None
    after: str | None
    limit: int
    service: str | None = None
    returned: bool | None = None
    free_at: datetime | None = None
    held_by: str | None = None
    late: bool = False
    head_regions: frozenset[str] = frozenset()
    unprinted: bool = False


@dataclass(frozen=True, slots=True)
class RightsFilter:
    """Requests of one programme that these regions answer for, by deadline.

    `open`: those that wait, or those that were answered. `after` is the last of the page before.
    """

    programme_id: str
    regions: frozenset[str]
    open: bool
    after: RightsRequest | None
    limit: int


@dataclass(frozen=True, slots=True)
class ComplaintFilter:
    """Complaints of one programme that these regions answer, by their last day.

    `states`: those in one of them. `overdue`: those alone whose answer is owed too long. `after`
    is the last of the page before.
    """

    programme_id: str
    regions: frozenset[str]
    states: frozenset[ComplaintState]
    overdue: bool
    after: Complaint | None
    limit: int


class Reader(Protocol):
    """What routes read: committed documents, outside any unit of work."""

    async def get(self, kept: type[T], id_: str) -> T | None:
        """Return what is kept under an id, or None."""
        ...

    async def many(self, kept: type[T], ids: Sequence[str]) -> dict[str, T]:
        """Return those that are there, by their ids."""
        ...

    async def find(self, kept: type[T]) -> list[T]:
        """Return all of a type, in order of ids."""
        ...

    async def accounts(self, after: str, limit: int) -> list[Account]:
        """Return accounts in order of ids behind `after`, so many at most."""
        ...

    async def account_requests(self, limit: int) -> list[AccountRequest]:
        """Return what waits to be approved, oldest first."""
        ...

    async def security_records(self, limit: int) -> list[SecurityRecord]:
        """Return what supervisors are told of, newest first."""
        ...

    async def events_since(
        self, day: date, limit: int, programmes: Sequence[str] | None = None
    ) -> list[PlannedEvent]:
        """Return events of that day and later ones, the nearest first; None: of all programmes."""
        ...

    async def counter_visits(
        self, event_ids: Sequence[str], device: str | None = None
    ) -> list[Visit]:
        """Return the visits that counters of an event sent, of one laptop or of all."""
        ...

    async def visits_numbered(self, number: str, programmes: Sequence[str]) -> list[Visit]:
        """Return the visits with this number on a counter's receipt, so many at most."""
        ...

    async def case_by_code(self, tracking: str) -> Case | None:
        """Return the case whose code has this hash."""
        ...

    async def cases(self, case_filter: CaseFilter) -> list[Case]:
        """Return cases, oldest first."""
        ...

    async def count_cases(self, case_filter: CaseFilter) -> int:
        """Return how many cases fit, whatever the limit."""
        ...

    async def batches(self, programme_id: str, regions: Collection[str], limit: int) -> list[Batch]:
        """Return batches of these regions, the newest first, so many at most."""
        ...

    async def reads_of(self, case_id: str) -> list[PersonRead]:
        """Return who looked at a case's persons, oldest first."""
        ...

    async def worked_on(self, case_id: str) -> Sequence[Mapping[str, Any]]:
        """Return who changed a case: `at`, `who` and `what` of each command, oldest first."""
        ...

    async def keys_not_under(self, master: str, after: str, limit: int) -> list[ResidentKey]:
        """Return keys that another master key wraps, in order of ids behind `after`."""
        ...

    async def keys_under(self, master: str) -> int:
        """Return how many residents' keys this master key wraps."""
        ...

    async def rights_requests(self, rights_filter: RightsFilter) -> list[RightsRequest]:
        """Return what residents ask for about their data, the nearest deadline first."""
        ...

    async def complaint_by_code(self, tracking: str) -> Complaint | None:
        """Return the complaint whose code has this hash."""
        ...

    async def complaints(self, complaint_filter: ComplaintFilter) -> list[Complaint]:
        """Return complaints, the nearest last day first."""
        ...

    async def complaint_tally(
        self, programme_id: str, kind: ComplaintKind, first: str, last: str
    ) -> Tally:
        """Return how many of a kind came in these months, written `2026-11`."""
        ...

    async def residents_until(
        self, programme_id: str, before: datetime, after: str, limit: int
    ) -> list[Resident]:
        """Return residents with no case since, neither erased, in order of ids behind `after`."""
        ...


class ImportReader(Protocol):
    """What is read of imports."""

    async def imports(self, programme_id: str, before: str | None, limit: int) -> list[Import]:
        """Return a programme's imports, the newest first, behind the last of the page before."""
        ...

    async def import_refusals(self, import_id: str, after: int, limit: int) -> list[ImportRefusal]:
        """Return refused rows of an import behind a row's number, in their order; 0: all."""
        ...


class Catalogues(Protocol):
    """Committed catalogues and SOPs, which never change, so that each is read once."""

    def known(self, id_: str) -> Catalogue | None:
        """Return one that was read before, or None."""
        ...

    async def get(self, id_: str) -> Catalogue | None:
        """Return one, read where it was not before; None where there is none."""
        ...

    async def sop(self, id_: str) -> Sop | None:
        """Return an SOP, read where it was not before; None where there is none."""
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

    def name(self, code: str) -> str | None:
        """Return what a region is called; None where there is none."""
        ...

    def subdistricts(self, code: str) -> Sequence[str]:
        """Return the codes of the sub-districts of a region: itself where it is one."""
        ...

    def known(self, code: str) -> bool:
        """Return whether there is a region with this code."""
        ...

    def districts(self, region: str) -> Mapping[str, tuple[str, ...]]:
        """Return the codes of the sub-districts of a region by `district_key` of their names."""
        ...


class Clock(Protocol):
    """The time."""

    def __call__(self) -> datetime:
        """Return the time, aware, UTC."""
        ...


class Verified(Protocol):
    """Whether a password fits a hash, and whether that is of former parameters."""

    @property
    def fits(self) -> bool:
        """Return whether it is the password."""
        ...

    @property
    def anew(self) -> bool:
        """Return whether it is to be hashed anew."""
        ...


class PasswordHasher(Protocol):
    """Passwords as argon2id hashes."""

    async def hash(self, password: str) -> str:
        """Return what is stored of a password."""
        ...

    async def verify(self, stored: str, password: str) -> Verified:
        """Return whether this is the password of that hash."""
        ...


class Breached(Protocol):
    """Passwords that are known from breaches."""

    def holds(self, password: str) -> bool:
        """Return whether a password is known."""
        ...


class Signer(Protocol):
    """Signs what people show to every service."""

    def token(
        self,
        account_id: str,
        grants: Sequence[str],
        *,
        session: str,
        proved_at: datetime,
        lifetime: timedelta,
    ) -> str:
        """Return a token, valid from now."""
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
