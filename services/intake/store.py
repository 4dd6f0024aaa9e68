"""What intake keeps, and the queries of its lists."""

from typing import Any, Final

from services.intake.domain import (
    Applicant,
    Case,
    OpenRequests,
    PersonRead,
    PlannedEvent,
    Programme,
    path,
)
from services.intake.usecases import CaseFilter
from shared.messaging.collections import Collection, Collections
from shared.messaging.revocations import REVOCATIONS
from shared.mongo.migrations import Index
from shared.mongo.reader import MongoReader
from shared.mongo.revocations import REVOCATION_INDEX

CASES: Final = "cases"
PERSON_READS: Final = "person_reads"
EVERYWHERE: Final = "*"
"""As a grant writes it."""


def _derived(case: Case) -> dict[str, Any]:
    # Everything the office region lies in, so that one equality finds what a grant covers.
    return {"state": case.state.value, "within": [EVERYWHERE, *path(case.office_region)]}


COLLECTIONS: Final = Collections(
    Collection("programmes", Programme),
    Collection(CASES, Case, label="request", derived=_derived),
    Collection("persons", Applicant, label="applicant"),
    Collection("events", PlannedEvent, label="event"),
    Collection("open_requests", OpenRequests),
    Collection(PERSON_READS, PersonRead),
    REVOCATIONS,
)
INDEXES: Final = (
    REVOCATION_INDEX,
    Index(CASES, (("tracking", 1),), unique=True),
    Index(CASES, (("programme_id", 1), ("within", 1), ("_id", 1))),
    Index(CASES, (("programme_id", 1), ("within", 1), ("state", 1), ("_id", 1))),
    Index(CASES, (("programme_id", 1), ("within", 1), ("event_id", 1), ("_id", 1))),
    Index(PERSON_READS, (("case_id", 1), ("at", 1))),
    Index(PERSON_READS, (("subject", 1), ("at", 1))),
)


class IntakeReader(MongoReader):
    """`usecases.Reader`. Every method may raise Unavailable."""

    async def case_by_code(self, tracking: str) -> Case | None:
        """Return the case whose code has this hash."""
        return await self.first(Case, {"tracking": tracking})

    async def cases(self, case_filter: CaseFilter) -> list[Case]:
        """Return cases, oldest first."""
        return await self.find(Case, _query(case_filter), limit=case_filter.limit)


def _query(case_filter: CaseFilter) -> dict[str, Any]:
    query: dict[str, Any] = {
        "programme_id": case_filter.programme_id,
        "$or": [{"within": region} for region in sorted(case_filter.regions)],
    }
    if case_filter.state is not None:
        query["state"] = case_filter.state.value
    if case_filter.event_id is not None:
        query["event_id"] = case_filter.event_id
    if case_filter.after is not None:
        query["_id"] = {"$gt": case_filter.after}
    return query
