"""What intake does, and what it needs for that."""

from services.intake.usecases.case_progress import copy_event, note_failure, note_job, note_ticket
from services.intake.usecases.person_reads import note_person_read
from services.intake.usecases.ports import CaseFilter, Limiter, Reader, Regions, Vault
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
from services.intake.usecases.residents import (
    KeyMissing,
    Told,
    erase_resident,
    opened,
    rewrap,
    told_of,
)

__all__ = [
    "Allow",
    "AllowProgramme",
    "CaseFilter",
    "KeyMissing",
    "Limiter",
    "Reader",
    "Regions",
    "Told",
    "Vault",
    "confirm_receipt",
    "copy_event",
    "copy_programme",
    "erase_resident",
    "note_failure",
    "note_job",
    "note_person_read",
    "note_ticket",
    "opened",
    "publish_if_missing",
    "publish_programme",
    "record_request",
    "require_right",
    "rewrap",
    "take_step",
    "told_of",
]
