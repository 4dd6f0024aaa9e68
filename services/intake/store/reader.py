"""The queries of intake's lists."""

from collections.abc import AsyncIterator, Collection, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final

from services.intake.domain import (
    MACHINES,
    RIGHTS,
    Account,
    AccountRequest,
    Case,
    Deed,
    Erasure,
    ErasureState,
    PersonRead,
    PlannedEvent,
    Programme,
    RequestState,
    Resident,
    ResidentKey,
    RightsRequest,
    SecurityRecord,
)
from services.intake.domain.batch import Batch
from services.intake.domain.complaint import Complaint, ComplaintKind, ComplaintState
from services.intake.domain.complaint_tally import Tally
from services.intake.domain.imports import Import, ImportRefusal, ImportState
from services.intake.domain.visit import Visit
from services.intake.store.names import EVERYWHERE
from services.intake.usecases import CaseFilter, OpenRights, RightsFilter
from services.intake.usecases.ports import ComplaintFilter
from services.intake.usecases.watch import Late
from shared.audit.kept import TrailReader
from shared.audit.trail import AuditEntry
from shared.files.kept import FileReader

SAME_NUMBER: Final = 20
"""Visits with one number, of laptops whose four signs are the same by chance."""


class IntakeReader(FileReader, TrailReader):
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

    async def events_since(
        self, day: date, limit: int, programmes: Sequence[str] | None = None
    ) -> list[PlannedEvent]:
        """Return events of that day and later ones, the nearest first; None: of all programmes.

        Those that were cancelled are not among them.
        """
        query: dict[str, Any] = {"on": {"$gte": day.isoformat()}, "cancelled": {"$ne": True}}
        if programmes is not None:
            query["programme_id"] = {"$in": list(programmes)}
        return await self.find(PlannedEvent, query, sort=(("on", 1), ("_id", 1)), limit=limit)

    async def counter_visits(
        self, event_ids: Sequence[str], device: str | None = None
    ) -> list[Visit]:
        """Return the visits that counters of these events sent, of one laptop or of all."""
        query = {"event_id": {"$in": list(event_ids)}, "counter.device": device or {"$gt": ""}}
        return await self.find(Visit, query)

    async def visits_numbered(self, number: str, programmes: Sequence[str]) -> list[Visit]:
        """Return the visits with this number on a counter's receipt, so many at most."""
        query = {"counter.number": number, "programme_id": {"$in": list(programmes)}}
        return await self.find(Visit, query, limit=SAME_NUMBER)

    async def case_by_code(self, tracking: str) -> Case | None:
        """Return the case whose code has this hash."""
        return await self.first(Case, {"tracking": tracking})

    async def cases(self, case_filter: CaseFilter) -> list[Case]:
        """Return cases, oldest first."""
        return await self.find(Case, _query(case_filter), limit=case_filter.limit)

    async def carried_by(self, accounts: Sequence[str], after: str, limit: int) -> list[Case]:
        """Return cases that any of these agents was given, behind an id, in order of ids."""
        query = {"carriers": {"$in": list(accounts)}, "carrier": {"$gt": ""}, "_id": {"$gt": after}}
        return await self.find(Case, query, limit=limit)

    async def count_cases(self, case_filter: CaseFilter) -> int:
        """Return how many cases fit, whatever the limit."""
        return await self.count(Case, _query(case_filter))

    async def programme_ids(self) -> list[str]:
        """Return the ids of all programmes, read anew: pages keep theirs for a minute."""
        return [one.id for one in await self.find(Programme)]

    async def late_in(self, programme_id: str) -> Late:
        """Return how many cases of a programme are late in their state."""
        query = {"programme_id": programme_id, "within": EVERYWHERE, "late": True}
        escalated = await self.count(Case, {**query, "escalated": True})
        return Late(await self.count(Case, query), escalated)

    async def batches(self, programme_id: str, regions: Collection[str], limit: int) -> list[Batch]:
        """Return batches of these regions, the newest first, so many at most."""
        places = [{"within": one} for one in sorted(regions)]
        query = {"programme_id": programme_id, "$or": places}
        return await self.find(Batch, query, sort=(("_id", -1),), limit=limit)

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
        return self.acts(until, since=since, actor=subject, deeds={Deed.READ})

    def rights_given(self, until: datetime) -> AsyncIterator[AuditEntry]:
        """Yield the trail's entries about rights until then, oldest first."""
        return self.acts(until, deeds=RIGHTS)

    def machines_noted(self) -> AsyncIterator[AuditEntry]:
        """Yield the trail's entries about machines, oldest first."""
        return self.acts(datetime.max.replace(tzinfo=UTC), deeds=MACHINES)

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
            query["$and"] = _behind(last.due_at, last.id)
        return await self.find(RightsRequest, query, sort=_BY_DUE, limit=rights_filter.limit)

    async def complaint_by_code(self, tracking: str) -> Complaint | None:
        """Return the complaint whose code has this hash."""
        return await self.first(Complaint, {"tracking": tracking})

    async def complaints(self, complaint_filter: ComplaintFilter) -> list[Complaint]:
        """Return complaints, the nearest last day first."""
        query: dict[str, Any] = {
            "programme_id": complaint_filter.programme_id,
            "state": {"$in": sorted(complaint_filter.states)},
            "$or": [{"within": region} for region in sorted(complaint_filter.regions)],
        }
        if complaint_filter.overdue:
            query["overdue"] = True
        if (last := complaint_filter.after) is not None:
            query["$and"] = _behind(last.overdue_at, last.id)
        return await self.find(Complaint, query, sort=_BY_DUE, limit=complaint_filter.limit)

    async def complaint_tally(
        self, programme_id: str, kind: ComplaintKind, first: str, last: str
    ) -> Tally:
        """Return how many of a kind came in these months, written `2026-11`."""
        came: dict[str, Any] = {
            "programme_id": programme_id,
            "kind": kind.value,
            "month": {"$gte": first, "$lte": last},
        }
        resolved = {**came, "state": ComplaintState.CLOSED.value}
        return Tally(
            await self.count(Complaint, came),
            await self.count(Complaint, resolved),
            await self.count(Complaint, {**resolved, "within_deadline": True}),
        )

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


_BY_DUE: Final = (("due", 1), ("_id", 1))


def _behind(due: datetime, id_: str) -> list[dict[str, Any]]:
    """Return what is behind the last of a page that is in order of days and ids."""
    return [{"$or": [{"due": {"$gt": due}}, {"due": due, "_id": {"$gt": id_}}]}]


def _second(at: datetime) -> str:
    """Return a second as the beginning of how its times are stored: it sorts before them all."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}"


def _query(case_filter: CaseFilter) -> dict[str, Any]:
    places: list[dict[str, Any]] = [{"within": one} for one in sorted(case_filter.regions)]
    places += [{"within": one, "told": "head"} for one in sorted(case_filter.head_regions)]
    query: dict[str, Any] = {"programme_id": case_filter.programme_id, "$or": places}
    if case_filter.state is not None:
        query["state"] = case_filter.state.value
    if case_filter.event_id is not None:
        query["event_id"] = case_filter.event_id
    if case_filter.overdue is not None:
        # Cases from before it was kept lack the field.
        query["overdue"] = True if case_filter.overdue else {"$ne": True}
    query |= _at_the_desk(case_filter)
    if case_filter.after is not None:
        query["_id"] = {"$gt": case_filter.after}
    return query


def _at_the_desk(case_filter: CaseFilter) -> dict[str, Any]:
    query: dict[str, Any] = {}
    if case_filter.service is not None:
        query["service"] = case_filter.service
    if case_filter.unprinted:
        query["batch_id"] = None
    if case_filter.late:
        query["late"] = True
    if case_filter.returned is not None:
        query["returned"] = {"$ne": None} if case_filter.returned else None
    if case_filter.held_by is not None:
        query["claimed_by"] = case_filter.held_by
    if case_filter.free_at is not None:
        free = [{"claimed_until": None}, {"claimed_until": {"$lte": case_filter.free_at}}]
        query["$and"] = [{"$or": free}]
    return query
