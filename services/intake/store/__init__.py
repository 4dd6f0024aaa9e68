"""What intake keeps, and the queries of its lists."""

from typing import Any, Final

from services.intake.domain import (
    Account,
    AccountRequest,
    Case,
    CaseDocument,
    CasePapers,
    Catalogue,
    Checklist,
    Devices,
    Erasure,
    Invitation,
    LoginName,
    Lookup,
    Notices,
    OpenRequests,
    PersonRead,
    PlannedEvent,
    Programme,
    Resident,
    ResidentKey,
    RightsRequest,
    SecurityRecord,
    Statement,
    path,
)
from services.intake.domain.batch import Batch
from services.intake.domain.complaint import Complaint, ComplaintText
from services.intake.domain.daily_cap import DayShare
from services.intake.domain.imports import Import, ImportedFile, ImportRefusal
from services.intake.domain.outside import Errand
from services.intake.domain.sop import Sop
from services.intake.domain.survey import Survey
from services.intake.domain.visit import Visit
from services.intake.store.names import (
    ACCOUNT_REQUESTS,
    BATCHES,
    CASES,
    COMPLAINTS,
    ERASURES,
    EVENTS,
    EVERYWHERE,
    IMPORT_REFUSALS,
    IMPORTS,
    INDEXES,
    KEYS,
    PERSON_READS,
    RESIDENT_KEYS,
    RESIDENTS,
    RIGHTS_REQUESTS,
    SECURITY_RECORDS,
    VISITS,
)
from services.intake.store.reader import IntakeReader
from shared.audit.kept import TRAIL
from shared.files.kept import RAW_FILES
from shared.files.stored import FILES
from shared.messaging.collections import Collection, Collections
from shared.messaging.revocations import REVOCATIONS

__all__ = ["COLLECTIONS", "INDEXES", "IntakeReader"]


def _derived(case: Case) -> dict[str, Any]:
    # Everything the office region lies in, so that one equality finds what a grant covers.
    return {
        "state": case.state.value,
        "within": [EVERYWHERE, *path(case.office_region)],
        "overdue": case.overdue_since is not None,
        "late": case.waits is not None and case.waits.late_since is not None,
        "escalated": case.waits is not None and case.waits.escalated_at is not None,
        "told": list(case.waits.told) if case.waits else [],
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


def _by_place(batch: Batch) -> dict[str, Any]:
    return {"within": [EVERYWHERE, *path(batch.region_code)]}


def _by_last_day(complaint: Complaint) -> dict[str, Any]:
    return {
        "due": complaint.overdue_at,
        "within": [EVERYWHERE, *path(complaint.region)],
        "month": complaint.month,
        "overdue": complaint.overdue,
    }


COLLECTIONS: Final = Collections(
    Collection("programmes", Programme),
    Collection("catalogues", Catalogue),
    Collection("sops", Sop),
    Collection(BATCHES, Batch, derived=_by_place),
    Collection("errands", Errand),
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
    Collection(VISITS, Visit),
    Collection("documents", CaseDocument, label="document"),
    Collection("surveys", Survey),
    Collection(ERASURES, Erasure),
    FILES,
    Collection("accounts", Account),
    Collection("login_names", LoginName, listed=False),
    Collection("invitations", Invitation),
    Collection(ACCOUNT_REQUESTS, AccountRequest, label="request"),
    Collection("notices", Notices, label="notices"),
    Collection("devices", Devices, label="devices"),
    Collection(SECURITY_RECORDS, SecurityRecord),
    *TRAIL,
    Collection(RIGHTS_REQUESTS, RightsRequest, label="request", derived=_by_deadline),
    Collection(IMPORTS, Import, label="import"),
    Collection("import_files", ImportedFile, listed=False),
    Collection(IMPORT_REFUSALS, ImportRefusal, listed=False),
    Collection(COMPLAINTS, Complaint, label="complaint", derived=_by_last_day),
    Collection("complaint_texts", ComplaintText),
    REVOCATIONS,
    raw=RAW_FILES,
)
