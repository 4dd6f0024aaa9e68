"""Names of what intake keeps, and the indexes of its lists."""

from typing import Final

from services.intake.domain import (
    ErasureState,
    RequestState,
)
from services.intake.domain.imports import ImportState
from shared.audit.kept import TRAIL_INDEXES
from shared.files.kept import FILE_INDEXES
from shared.mongo.migrations import Index
from shared.mongo.revocations import REVOCATION_INDEX

BATCHES: Final = "batches"
COMPLAINTS: Final = "complaints"
CASES: Final = "cases"
EVENTS: Final = "events"
VISITS: Final = "visits"
PERSON_READS: Final = "person_reads"
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


INDEXES: Final = (
    *FILE_INDEXES,
    REVOCATION_INDEX,
    *TRAIL_INDEXES,
    Index(CASES, (("tracking", 1),), unique=True),
    Index(CASES, (("programme_id", 1), ("within", 1), ("_id", 1))),
    Index(CASES, (("programme_id", 1), ("within", 1), ("state", 1), ("_id", 1))),
    Index(CASES, (("programme_id", 1), ("within", 1), ("event_id", 1), ("_id", 1))),
    Index(
        CASES,
        (("programme_id", 1), ("within", 1), ("overdue", 1), ("_id", 1)),
        partial={"overdue": True},
    ),
    Index(CASES, (("carriers", 1), ("_id", 1)), partial={"carrier": {"$gt": ""}}),
    Index(CASES, (("claimed_by", 1), ("_id", 1)), partial={"claimed_by": {"$gt": ""}}),
    Index(
        CASES, (("programme_id", 1), ("within", 1), ("late", 1), ("_id", 1)), partial={"late": True}
    ),
    Index(COMPLAINTS, (("tracking", 1),), unique=True),
    Index(
        COMPLAINTS,
        (("programme_id", 1), ("within", 1), ("state", 1), ("due", 1), ("_id", 1)),
    ),
    Index(COMPLAINTS, (("programme_id", 1), ("kind", 1), ("month", 1))),
    Index(BATCHES, (("programme_id", 1), ("within", 1), ("_id", -1))),
    Index(
        RIGHTS_REQUESTS,
        (("programme_id", 1), ("within", 1), ("open", 1), ("due", 1), ("_id", 1)),
    ),
    Index(EVENTS, (("on", 1), ("_id", 1))),
    Index(
        VISITS, (("event_id", 1), ("counter.device", 1)), partial={"counter.device": {"$gt": ""}}
    ),
    Index(VISITS, (("counter.number", 1),), partial={"counter.number": {"$gt": ""}}),
    Index(RIGHTS_REQUESTS, (("due", 1),), partial={"open": True}),
    Index(PERSON_READS, (("case_id", 1), ("at", 1))),
    Index(PERSON_READS, (("at", 1),)),
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
