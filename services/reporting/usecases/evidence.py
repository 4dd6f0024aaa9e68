"""Evidence of a programme's year: what its report to others is proven with."""

from collections.abc import Callable
from enum import StrEnum
from typing import Final

from services.reporting.domain import Programme
from shared.files.evidence import Permit
from shared.messaging.unit_of_work import UnitOfWork

LIMIT: Final = 100
"""Files of one year."""


class YearEvidence(StrEnum):
    """What a file shows. Rubrics of indices change by year, so their numbers stand nowhere here."""

    DECREE = "decree"
    """Regulation or decision: Perda, Perkada, SK."""
    ASSIGNMENT = "assignment"
    """Surat tugas, and who works in it."""
    BUDGET = "budget"
    """RKPD, DPA."""
    GUIDE = "guide"
    """Pedoman teknis, SOP."""
    TRAINING = "training"
    """Bimtek."""
    NEWS = "news"
    """Sosialisasi, reports of the press."""
    SURVEY = "survey"
    """Survei kepuasan masyarakat."""
    COMPLAINTS = "complaints"
    """How complaints were resolved."""
    AGREEMENT = "agreement"
    """With partners, or with whoever copies the programme."""
    REPORT = "report"
    PHOTO = "photo"
    OTHER = "other"


AllowProgramme = Callable[[Programme], None]
"""Raises where the caller has no right to the whole programme."""


def evidence_id(programme_id: str, year: int) -> str:
    """Return the id of a year's evidence."""
    return f"{programme_id}.{year}"


def permit_in(programme_id: str, allow: AllowProgramme) -> Permit:
    """Return the check, in a unit of work, that something may be done in a programme.

    It raises Missing where there is no such programme, and what `allow` raises.
    """

    async def check(uow: UnitOfWork) -> None:
        allow(await uow.require(Programme, programme_id))

    return check
