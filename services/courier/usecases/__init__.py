"""What courier does, a file for each theme, and what it needs from outside."""

from services.courier.usecases.areas import SettleAreas, serve_area, settle_area
from services.courier.usecases.jobs import (
    confirm_receipt,
    give_job,
    note_issued,
    open_job,
    report_step,
    withdraw_job,
)
from services.courier.usecases.ports import WAITING_PAGE, JobFilter, JobPage, Reader
from services.courier.usecases.programmes import copy_programme
from services.courier.usecases.reach import allowed
from services.courier.usecases.reads import note_read

__all__ = [
    "WAITING_PAGE",
    "JobFilter",
    "JobPage",
    "Reader",
    "SettleAreas",
    "allowed",
    "confirm_receipt",
    "copy_programme",
    "give_job",
    "note_issued",
    "note_read",
    "open_job",
    "report_step",
    "serve_area",
    "settle_area",
    "withdraw_job",
]
