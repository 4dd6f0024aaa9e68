"""What intake keeps, and the queries of its lists."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final

from services.intake.domain import (
    RIGHTS,
    Account,
    AccountRequest,
    AuditEntry,
    Block,
    Case,
    CaseDocument,
    CasePapers,
    Catalogue,
    Checklist,
    DayShare,
    Deed,
    Devices,
    Erasure,
    ErasureState,
    Invitation,
    LoginName,
    Lookup,
    Notices,
    OpenRequests,
    PersonRead,
    PlannedEvent,
    Programme,
    RequestState,
    Resident,
    ResidentKey,
    RightsRequest,
    SecurityRecord,
    Statement,
    path,
)
from services.intake.domain.imports import Import, ImportedFile, ImportRefusal, ImportState
from services.intake.domain.visit import Visit
from services.intake.usecases import CaseFilter, OpenRights, RightsFilter
from shared.files.kept import FILE_INDEXES, RAW_FILES, FileReader
from shared.files.stored import FILES
from shared.messaging.collections import Collection, Collections
from shared.messaging.revocations import REVOCATIONS
from shared.mongo.migrations import Index
from shared.mongo.revocations import REVOCATION_INDEX

CASES: Final = "cases"
EVENTS: Final = "events"
PERSON_READS: Final = "person_reads"
AUDIT: Final = "audit"
AUDIT_BLOCKS: Final = "audit_blocks"
SECURITY_RECORDS: Final = "security_records"
ACCOUNT_REQUESTS: Final = "account_requests"
RESIDENTS: Final = "residents"
RIGHTS_REQUESTS: Final = "rights_requests"
ERASURES: Final = "erasures"
RESIDENT_KEYS: Final = "resident_keys"
KEYS: Final = "keys"
"""The part of the data that holds keys alone, a database of its own: `<database>_keys`."""
IMPORTS: Final = "imports"
IMPORT_REFUSALS: Final = "import_refusals"
EVERYWHERE: Final = "*"
"""As a grant writes it."""


def _derived(case: Case) -> dict[str, Any]:
    # Everything the office region lies in, so that one equality finds what a grant covers.
    return {
        "state": case.state.value,
        "within": [EVERYWHERE, *path(case.office_region)],
        "overdue": case.overdue_since is not None,
        # Real dates: the server compares them.
        "claimed_by": case.claim.by if case.claim else None,
        "claimed_until": case.claim.until if case.claim else None,
    }


def _by_deadline(request: RightsRequest) -> dict[str, Any]:
    # A real date: as texts, times sort by how many digits their seconds have.
    return {
        "due": request.due_at,
        "within": [EVERYWHERE, *path(request.region)],
        "open": request.outcome is None,
    }


COLLECTIONS: Final = Collections(
    Collection("programmes", Programme),
    Collection("catalogues", Catalogue),
    Collection("day_shares", DayShare),
    Collection("checklists", Checklist),
    Collection(CASES, Case, label="request", derived=_derived),
    Collection(RESIDENTS, Resident),
    Collection(RESIDENT_KEYS, ResidentKey, apart=KEYS),
    Collection("statements", Statement),
    Collection("lookups", Lookup, listed=False),
    Collection(EVENTS, PlannedEvent, label="event"),
    Collection("open_requests", OpenRequests, listed=False),
    Collection(PERSON_READS, PersonRead),
    Collection("papers", CasePapers),
    Collection("visits", Visit),
    Collection("documents", CaseDocument, label="document"),
    Collection(ERASURES, Erasure),
    FILES,
    Collection("accounts", Account),
    Collection("login_names", LoginName, listed=False),
    Collection("invitations", Invitation),
    Collection(ACCOUNT_REQUESTS, AccountRequest, label="request"),
    Collection("notices", Notices, label="notices"),
    Collection("devices", Devices, label="devices"),
    Collection(SECURITY_RECORDS, SecurityRecord),
    Collection(AUDIT, AuditEntry, derived=lambda entry: {"noted": entry.at}, listed=False),
    Collection(AUDIT_BLOCKS, Block, derived=lambda block: {"made": block.at}, listed=False),
    Collection(RIGHTS_REQUESTS, RightsRequest, label="request", derived=_by_deadline),
    Collection(IMPORTS, Import, label="import"),
    Collection("import_files", ImportedFile, listed=False),
    Collection(IMPORT_REFUSALS, ImportRefusal, listed=False),
    REVOCATIONS,
    raw=RAW_FILES,
)
_WORKED: Final = (("programme_id", 1), ("within", 1))
"""How what is worked in a programme and region is found."""
INDEXES: Final = (
    *FILE_INDEXES,
    REVOCATION_INDEX,
    Index(CASES, (("tracking", 1),), unique=True),
    Index(CASES, (*_WORKED, ("_id", 1))),
    Index(CASES, (*_WORKED, ("state", 1), ("_id", 1))),
    Index(CASES, (*_WORKED, ("event_id", 1), ("_id", 1))),
    Index(CASES, (*_WORKED, ("overdue", 1), ("_id", 1)), partial={"overdue": True}),
    Index(CASES, (("claimed_by", 1), ("_id", 1)), partial={"claimed_by": {"$gt": ""}}),
    Index(RIGHTS_REQUESTS, (*_WORKED, ("open", 1), ("due", 1), ("_id", 1))),
    Index(EVENTS, (("on", 1), ("_id", 1))),
    Index(RIGHTS_REQUESTS, (("due", 1),), partial={"open": True}),
    Index(PERSON_READS, (("case_id", 1), ("at", 1))),
    Index(PERSON_READS, (("at", 1),)),
    Index(AUDIT, (("noted", 1), ("_id", 1))),
    Index(AUDIT_BLOCKS, (("made", 1),)),
    Index(SECURITY_RECORDS, (("at", -1),)),
    Index(ACCOUNT_REQUESTS, (("asked_at", 1),), partial={"state": RequestState.OPEN.value}),
    Index(PERSON_READS, (("subject", 1), ("at", 1))),
    Index(RESIDENTS, (("programme_id", 1), ("_id", 1))),
    Index(RESIDENT_KEYS, (("master", 1),)),
    Index(IMPORTS, (("programme_id", 1), ("_id", -1))),
    Index(IMPORTS, (("state", 1),), partial={"state": ImportState.RUNNING.value}),
    Index(IMPORT_REFUSALS, (("import_id", 1), ("row", 1))),
    Index(ERASURES, (("state", 1),), partial={"state": ErasureState.APPROVED.value}),
)


class IntakeReader(FileReader):
    """`usecases.Reader`. Every method may raise Unavailable."""

    async def imports_running(self) -> list[Import]:
        """Return imports that were begun and are not at their end."""
        return await self.find(Import, {"state": ImportState.RUNNING.value})

    async def imports(self, programme_id: str, before: str | None, limit: int) -> list[Import]:
        """Return a programme's imports, the newest first, behind the last of the page before."""
        query = {"programme_id": programme_id, **({"_id": {"$lt": before}} if before else {})}
        return await self.find(Import, query, sort=(("_id", -1),), limit=limit)

    async def import_refusals(self, import_id: str, after: int, limit: int) -> list[ImportRefusal]:
        """Return refused rows of an import behind a row's number, in their order; 0: all."""
        query = {"import_id": import_id, "row": {"$gt": after}}
        return await self.find(ImportRefusal, query, sort=(("row", 1),), limit=limit)

    async def erasures_decided(self, limit: int) -> list[Erasure]:
        """Return erasures that are decided and not carried out yet."""
        query = {"state": ErasureState.APPROVED.value}
        return await self.find(Erasure, query, limit=limit)

    async def last_block(self) -> Block | None:
        """Return the newest block of the audit trail."""
        found = await self.find(Block, sort=(("_id", -1),), limit=1)
        return found[0] if found else None

    async def loose(self, since: datetime, limit: int) -> list[AuditEntry]:
        """Return entries since then that are in no block, oldest first."""
        chained = {
            id_
            for block in await self.find(Block, {"made": {"$gte": since}})
            for id_ in block.entries
        }
        query = {"noted": {"$gte": since}, "_id": {"$nin": sorted(chained)}}
        return await self.find(AuditEntry, query, sort=(("noted", 1), ("_id", 1)), limit=limit)

    async def blocks(self, after: str, limit: int) -> list[Block]:
        """Return blocks behind an id, in order."""
        return await self.find(Block, {"_id": {"$gt": after}}, limit=limit)

    async def entries(self, ids: Sequence[str]) -> dict[str, AuditEntry]:
        """Return entries by their ids."""
        found = await self.find(AuditEntry, {"_id": {"$in": list(ids)}})
        return {entry.id: entry for entry in found}

    async def noted(self) -> int:
        """Return how many entries there are."""
        return await self.count(AuditEntry, {})

    async def accounts(self, after: str, limit: int) -> list[Account]:
        """Return accounts in order of ids behind `after`, so many at most."""
        return await self.find(Account, {"_id": {"$gt": after}}, limit=limit)

    async def account_requests(self, limit: int) -> list[AccountRequest]:
        """Return what waits to be approved, oldest first."""
        query = {"state": RequestState.OPEN.value}
        return await self.find(AccountRequest, query, sort=(("asked_at", 1),), limit=limit)

    async def security_records(self, limit: int) -> list[SecurityRecord]:
        """Return what supervisors are told of, newest first."""
        return await self.find(SecurityRecord, sort=(("at", -1), ("_id", -1)), limit=limit)

    async def events_since(self, day: date, limit: int) -> list[PlannedEvent]:
        """Return events of that day and later ones, the nearest first, so many at most."""
        query = {"on": {"$gte": day.isoformat()}}
        return await self.find(PlannedEvent, query, sort=(("on", 1), ("_id", 1)), limit=limit)

    async def case_by_code(self, tracking: str) -> Case | None:
        """Return the case whose code has this hash."""
        return await self.first(Case, {"tracking": tracking})

    async def cases(self, case_filter: CaseFilter) -> list[Case]:
        """Return cases, oldest first."""
        return await self.find(Case, _query(case_filter), limit=case_filter.limit)

    async def count_cases(self, case_filter: CaseFilter) -> int:
        """Return how many cases fit, whatever the limit."""
        return await self.count(Case, _query(case_filter))

    async def reads_of(self, case_id: str) -> list[PersonRead]:
        """Return who looked at a case's persons, oldest first."""
        return await self.find(PersonRead, {"case_id": case_id}, sort=(("at", 1), ("_id", 1)))

    async def worked_on(self, case_id: str) -> list[dict[str, Any]]:
        """Return who changed a case: `at`, `who` and `what` of each command, oldest first."""
        actions = await self.actions_on(Case, case_id)
        return [{"at": one["at"], "who": one["actor"], "what": one["action"]} for one in actions]

    def reads_between(
        self, since: datetime, until: datetime, subject: str | None
    ) -> AsyncIterator[PersonRead]:
        """Yield who looked at persons in that time, whole seconds, oldest first."""
        query = {"at": {"$gte": _second(since), "$lt": _second(until)}}
        who = {"subject": subject} if subject else {}
        return self.each(PersonRead, {**who, **query}, sort=(("at", 1),))

    def trail_reads(
        self, since: datetime, until: datetime, subject: str | None
    ) -> AsyncIterator[AuditEntry]:
        """Yield the trail's entries about looks of that time, oldest first."""
        query: dict[str, Any] = {"noted": {"$gte": since, "$lt": until}, "deed": Deed.READ.value}
        who = {"actor": subject} if subject else {}
        return self.each(AuditEntry, {**query, **who}, sort=(("noted", 1), ("_id", 1)))

    def rights_given(self, until: datetime) -> AsyncIterator[AuditEntry]:
        """Yield the trail's entries about rights until then, oldest first."""
        deeds = sorted(deed.value for deed in RIGHTS)
        query = {"noted": {"$lt": until}, "deed": {"$in": deeds}}
        return self.each(AuditEntry, query, sort=(("noted", 1), ("_id", 1)))

    async def keys_not_under(self, master: str, after: str, limit: int) -> list[ResidentKey]:
        """Return keys that another master key wraps, in order of ids behind `after`."""
        query = {"master": {"$nin": [master, None]}, "_id": {"$gt": after}}
        return await self.find(ResidentKey, query, limit=limit)

    async def keys_under(self, master: str) -> int:
        """Return how many residents' keys this master key wraps."""
        return await self.count(ResidentKey, {"master": master})

    async def rights_requests(self, rights_filter: RightsFilter) -> list[RightsRequest]:
        """Return what residents ask for about their data, the nearest deadline first."""
        query: dict[str, Any] = {
            "programme_id": rights_filter.programme_id,
            "open": rights_filter.open,
            "$or": [{"within": region} for region in sorted(rights_filter.regions)],
        }
        if (last := rights_filter.after) is not None:
            behind = [
                {"due": {"$gt": last.due_at}},
                {"due": last.due_at, "_id": {"$gt": last.id}},
            ]
            query["$and"] = [{"$or": behind}]
        order = (("due", 1), ("_id", 1))
        return await self.find(RightsRequest, query, sort=order, limit=rights_filter.limit)

    async def open_rights(self) -> OpenRights:
        """Return how many of them wait for an answer, and the nearest deadline."""
        first = await self.find(RightsRequest, {"open": True}, sort=(("due", 1),), limit=1)
        waiting = await self.count(RightsRequest, {"open": True})
        return OpenRights(waiting, first[0].due_at if first else None)

    async def residents_until(
        self, programme_id: str, before: datetime, after: str, limit: int
    ) -> list[Resident]:
        """Return residents with no case since, not erased, in order of ids behind `after`."""
        query = {
            "programme_id": programme_id,
            "erased_at": None,
            "last_case_at": {"$lt": before.astimezone(UTC).isoformat()},
            "_id": {"$gt": after},
        }
        return await self.find(Resident, query, limit=limit)


def _second(at: datetime) -> str:
    """Return a second as the beginning of how its times are stored: it sorts before them all."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}"


def _query(case_filter: CaseFilter) -> dict[str, Any]:
    query: dict[str, Any] = {
        "programme_id": case_filter.programme_id,
        "$or": [{"within": region} for region in sorted(case_filter.regions)],
    }
    if case_filter.state is not None:
        query["state"] = case_filter.state.value
    if case_filter.event_id is not None:
        query["event_id"] = case_filter.event_id
    if case_filter.overdue is not None:
        # Cases from before it was kept lack the field.
        query["overdue"] = True if case_filter.overdue else {"$ne": True}
    if case_filter.service is not None:
        query["service"] = case_filter.service
    if case_filter.returned is not None:
        query["returned"] = {"$ne": None} if case_filter.returned else None
    if case_filter.held_by is not None:
        query["claimed_by"] = case_filter.held_by
    if case_filter.free_at is not None:
        free = [{"claimed_until": None}, {"claimed_until": {"$lte": case_filter.free_at}}]
        query["$and"] = [{"$or": free}]
    if case_filter.after is not None:
        query["_id"] = {"$gt": case_filter.after}
    return query
