"""Papers that a case needs: what residents bring, photographed or as PDF."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from services.intake.domain.refusal import Refused

PAPER_LIMIT: Final = 30
"""Papers of one case."""
OWN_LIMIT: Final = 15
"""Of them from residents themselves: the office's own always find room."""


class Whose(StrEnum):
    """Of whom among a case's people a paper must be that serves several cases of a visit."""

    REQUEST = "request"
    """It serves the case alone that it was bound to, such as a form that was filled in for it."""
    SUBJECT = "subject"
    """Of the one whom the document is for: the subject, else the applicant."""
    APPLICANT = "applicant"
    PARTY = "party"
    """Of anybody of the case, such as the family card."""


class PaperKind(StrEnum):
    """What a paper is, as requirements name it (Perpres 96/2018)."""

    FAMILY_CARD = "family_card"
    """Kartu Keluarga."""
    IDENTITY_CARD = "identity_card"
    """KTP-el, of whomever."""
    BIRTH_NOTE = "birth_note"
    """Surat keterangan lahir, of hospital, midwife or village."""
    DEATH_NOTE = "death_note"
    """Surat keterangan kematian."""
    MARRIAGE_BOOK = "marriage_book"
    """Buku nikah or akta perkawinan."""
    STATEMENT = "statement"
    """A statement of the resident's own that is none of the forms below."""
    APPLICATION_FORM = "application_form"
    """The form of the request itself: F-1.02, F-1.03, F-2.01."""
    CHANGE_FORM = "change_form"
    """F-1.06, what of the population data changes."""
    BIRTH_CERTIFICATE = "birth_certificate"
    """Kutipan akta kelahiran."""
    BIRTH_STATEMENT = "birth_statement"
    """SPTJM kebenaran data kelahiran, F-2.03."""
    MARRIAGE_STATEMENT = "marriage_statement"
    """SPTJM of a couple, F-2.04, or of an unrecorded marriage or divorce, F-1.05."""
    POLICE_REPORT = "police_report"
    """Of a loss, or of a child that was found."""
    OLD_DOCUMENT = "old_document"
    """The damaged card or family card that is to be replaced."""
    MOVE_LETTER = "move_letter"
    """SKPWNI."""
    EVENT_PROOF = "event_proof"
    """Proof of the population or vital event that changes the data."""
    POWER_OF_ATTORNEY = "power_of_attorney"
    """F-1.07."""
    PHOTO = "photo"
    """Of a person."""
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Paper:
    """One paper; its content lies in the file of the same id."""

    id: str
    kind: PaperKind
    type: str
    """Media type."""
    size: int
    sha256: str
    at: datetime
    by: str
    """The pseudonymous account that bound it."""
    of: str | None = None
    """Whose it is, where it serves the whole visit: a resident. None: it serves this case alone."""


@dataclass(frozen=True, slots=True)
class CasePapers:
    """The papers of one case, in the order in which they were bound."""

    id: str
    """The case's."""
    papers: tuple[Paper, ...] = ()
    version: int = 0
    erased: bool = False
    """The resident was erased, and his papers with him."""

    def paper(self, paper_id: str) -> Paper | None:
        """Return one of them, or None."""
        return next((paper for paper in self.papers if paper.id == paper_id), None)

    def of_people(self, residents: Collection[str]) -> tuple[Paper, ...]:
        """Return those that belong to one of these residents, of a case of the same visit."""
        return tuple(paper for paper in self.papers if paper.of in residents)

    def with_paper(self, paper: Paper) -> "CasePapers":
        """Add a paper. Raises Refused where the case has as many as it may."""
        if len(self.papers) >= PAPER_LIMIT:
            raise Refused("too_many_papers", f"a case has at most {PAPER_LIMIT} papers")
        return replace(self, version=self.version + 1, papers=(*self.papers, paper))

    def require_own_room(self, by: str) -> None:
        """Refuse one more of what residents send themselves, all `by` the same actor."""
        if sum(paper.by == by for paper in self.papers) >= OWN_LIMIT:
            raise Refused("too_many_papers", f"residents send {OWN_LIMIT} papers of a case")

    def require_somebody(self) -> None:
        """Refuse a paper of whom has been erased."""
        if self.erased:
            raise Refused("erased", "the resident has been erased, and his papers with him")

    def of(self, resident_id: str) -> tuple[Paper, ...]:
        """Return those that serve a visit as this resident's."""
        return tuple(paper for paper in self.papers if paper.of == resident_id)

    def without_those_of(self, resident_id: str) -> "CasePapers":
        """Forget those that serve a visit as this resident's; the rest stay."""
        rest = tuple(paper for paper in self.papers if paper.of != resident_id)
        return replace(self, version=self.version + 1, papers=rest)

    def without_papers(self) -> "CasePapers":
        """Forget them all, digests and types too: that there were some is all that is left."""
        return replace(self, version=self.version + 1, papers=(), erased=True)
