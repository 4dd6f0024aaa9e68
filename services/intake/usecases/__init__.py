"""What intake does, and what it needs for that."""

from services.intake.usecases.case_progress import copy_event, note_failure, note_job, note_ticket
from services.intake.usecases.person_reads import note_person_read
from services.intake.usecases.ports import CaseFilter, Limiter, Reader, Regions
from services.intake.usecases.programmes import (
    AllowProgramme,
    copy_programme,
    publish_if_missing,
    publish_programme,
)
from services.intake.usecases.requests import (
    Allow,
    confirm_receipt,
    record_request,
    require_right,
    take_step,
)
from services.intake.usecases.tracking import Tracked, track

__all__ = [
    "Allow",
    "AllowProgramme",
    "CaseFilter",
    "Limiter",
    "Reader",
    "Regions",
    "Tracked",
    "confirm_receipt",
    "copy_event",
    "copy_programme",
    "note_failure",
    "note_job",
    "note_person_read",
    "note_ticket",
    "publish_if_missing",
    "publish_programme",
    "record_request",
    "require_right",
    "take_step",
    "track",
]
