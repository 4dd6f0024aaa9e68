"""Intake's rules and values: standard library only, no clock, no IO."""

from services.intake.domain.calendar import (
    ZONES,
    CalendarExceptions,
    Holidays,
    due_day,
    is_working_day,
    local_day,
)
from services.intake.domain.case import Case, Fact, Outcome, Stage, State, Step, Ticket
from services.intake.domain.lookup import LookupKeys
from services.intake.domain.new_request import NewRequest, open_case, require_door
from services.intake.domain.next_step import NextStep, next_step
from services.intake.domain.person import (
    ADDRESS_LIMIT,
    NAME_LIMIT,
    Person,
    checked_address,
    checked_name,
    checked_nik,
    indonesian_mobile,
    mask_nik,
    mask_phone,
)
from services.intake.domain.person_read import PersonRead
from services.intake.domain.programme import (
    CatalogueService,
    Deliverable,
    PlannedEvent,
    Programme,
    office_region,
)
from services.intake.domain.refusal import Refused
from services.intake.domain.region import is_village, path, within
from services.intake.domain.repeat import AlreadyOpen, OpenRequests
from services.intake.domain.resident import (
    ERASED,
    Lookup,
    Party,
    Resident,
    ResidentKey,
    Statement,
    case_of,
    statement_id,
)
from services.intake.domain.tracking import Secrets, digest

__all__ = [
    "ADDRESS_LIMIT",
    "ERASED",
    "NAME_LIMIT",
    "ZONES",
    "AlreadyOpen",
    "CalendarExceptions",
    "Case",
    "CatalogueService",
    "Deliverable",
    "Fact",
    "Holidays",
    "Lookup",
    "LookupKeys",
    "NewRequest",
    "NextStep",
    "OpenRequests",
    "Outcome",
    "Party",
    "Person",
    "PersonRead",
    "PlannedEvent",
    "Programme",
    "Refused",
    "Resident",
    "ResidentKey",
    "Secrets",
    "Stage",
    "State",
    "Statement",
    "Step",
    "Ticket",
    "case_of",
    "checked_address",
    "checked_name",
    "checked_nik",
    "digest",
    "due_day",
    "indonesian_mobile",
    "is_village",
    "is_working_day",
    "local_day",
    "mask_nik",
    "mask_phone",
    "next_step",
    "office_region",
    "open_case",
    "path",
    "require_door",
    "statement_id",
    "within",
]
