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
from services.intake.domain.new_request import NewRequest, open_case, require_door
from services.intake.domain.next_step import NextStep, next_step
from services.intake.domain.person import (
    ADDRESS_LIMIT,
    NAME_LIMIT,
    Person,
    checked_address,
    checked_name,
    checked_nik,
    checked_phone,
    mask_nik,
    mask_phone,
)
from services.intake.domain.programme import (
    CatalogueService,
    Deliverable,
    PlannedEvent,
    Programme,
    office_region,
)
from services.intake.domain.refusal import Refused
from services.intake.domain.region import is_village, path, within
from services.intake.domain.tracking import TrackingCodes, digest

__all__ = [
    "ADDRESS_LIMIT",
    "NAME_LIMIT",
    "ZONES",
    "CalendarExceptions",
    "Case",
    "CatalogueService",
    "Deliverable",
    "Fact",
    "Holidays",
    "NewRequest",
    "NextStep",
    "Outcome",
    "Person",
    "PlannedEvent",
    "Programme",
    "Refused",
    "Stage",
    "State",
    "Step",
    "Ticket",
    "TrackingCodes",
    "checked_address",
    "checked_name",
    "checked_nik",
    "checked_phone",
    "digest",
    "due_day",
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
    "within",
]
