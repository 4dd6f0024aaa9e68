"""The document that a case ends in, where it is a PDF: whether it is the right one, and for whom.

What was found of it is kept by field, never by value. One that is not plainly right is issued only
after a second person has looked at it and says why it is right all the same.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from services.intake.domain.refusal import Refused
from services.intake.domain.resident import Party

WAITING_LIMIT: Final = 5
"""Checked files of one case that nobody has bound; the oldest gives way."""
_KK_NUMBER: Final = re.compile(r"[0-9]{16}")
_NOISE: Final = str.maketrans({" ": None, ".": None})


class Comparison(StrEnum):
    """What came of holding the text against what the request says."""

    MATCH = "match"
    MISMATCH = "mismatch"
    UNREADABLE = "unreadable"
    """It has no text: a scan."""


class Compared(StrEnum):
    """What is looked for in a document."""

    NAME = "name"
    NIK = "nik"
    KK_NUMBER = "kk_number"
    """Only where the officer states it: intake keeps none."""


class Signature(StrEnum):
    """Whether it bears an electronic signature. Whether anybody vouches for it is not looked at."""

    SIGNED = "signed"
    UNSIGNED = "unsigned"
    DAMAGED = "damaged"
    """Bytes were changed or added after signing."""


class WhyRight(StrEnum):
    """Why a second person lets a document pass that is not plainly right."""

    READ_BY_EYE = "read_by_eye"
    """It is a scan, and what stands in it is right."""
    SPELLED_OTHERWISE = "spelled_otherwise"
    """The register writes the name otherwise than the resident says it."""
    NOT_ON_DOCUMENT = "not_on_document"
    """A document of this kind does not bear it."""
    CHANGED_BY_REQUEST = "changed_by_request"
    """The request itself changes it."""
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Check:
    """What was found of a file, and against which statement of whom it was held."""

    comparison: Comparison
    compared: tuple[Compared, ...]
    differs: tuple[Compared, ...]
    signature: Signature
    party: Party
    statement: int
    """Version of what was said of the party: a correction makes the check worthless."""
    at: datetime
    by: str
    """The account that sent the file."""


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A second person's word that a document is right."""

    reason: WhyRight
    explanation: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Document:
    """The document of a case; its content lies in the file of the same id."""

    id: str
    size: int
    sha256: str
    at: datetime
    by: str
    """The account that bound it."""
    check: Check
    confirmation: Confirmation | None = None

    @property
    def passes(self) -> bool:
        """Return whether it may be issued, as far as it is known."""
        return self.check.comparison is Comparison.MATCH or self.confirmation is not None

    def others(self, account: str) -> bool:
        """Return whether an account neither sent it nor bound it."""
        return account not in (self.by, self.check.by)

    def confirmed(self, confirmation: Confirmation) -> "Document":
        """Let it pass. Raises Refused: `nothing_to_confirm`, `own_document`."""
        if self.passes:
            raise Refused("nothing_to_confirm", "document: it may be issued as it is")
        if not self.others(confirmation.by):
            raise Refused("own_document", "document: another account than sent it has to confirm")
        return replace(self, confirmation=confirmation)


@dataclass(frozen=True, slots=True)
class CaseDocument:
    """What a case has of its document: files that were checked, and the one that is bound."""

    id: str
    """The case's."""
    version: int = 0
    waiting: Mapping[str, Check] = field(default_factory=dict)
    """Checks of files that are not bound yet, by file, the oldest first."""
    document: Document | None = None
    issued: bool = False
    """The case was issued with this document."""
    erased: bool = False
    """The resident was erased, and his document with him."""
    first_at: datetime | None = None
    """When the first document was bound that another has taken the place of."""

    @property
    def since(self) -> datetime | None:
        """Return since when there has been a document; None: there is none."""
        return self.first_at or (self.document.at if self.document else None)

    def checked(self, file_id: str, check: Check) -> "CaseDocument":
        """Add what was found of a file."""
        kept = list(self.waiting.items())[-(WAITING_LIMIT - 1) :]
        return self._changed(waiting=dict([*kept, (file_id, check)]))

    def bound(self, file_id: str, size: int, sha256: str, at: datetime, by: str) -> "CaseDocument":
        """Make a checked file the document, in the place of the one before.

        Raises Refused: `erased`, `not_checked`.
        """
        if self.erased:
            raise Refused("erased", "the resident has been erased, and his document with him")
        check = self.waiting.get(file_id)
        if check is None:
            raise Refused("not_checked", "file_id: it was not checked for this request; send it")
        rest = {id_: one for id_, one in self.waiting.items() if id_ != file_id}
        document = Document(file_id, size, sha256, at, by, check)
        return self._changed(waiting=rest, document=document, first_at=self.since)

    def confirmed(self, file_id: str, confirmation: Confirmation) -> "CaseDocument":
        """Let the document pass. Raises Refused: `other_document`, and as `Document.confirmed`."""
        if self.document is None or self.document.id != file_id:
            raise Refused("other_document", "file_id: it is not the document of this request")
        return self._changed(document=self.document.confirmed(confirmation))

    def require_passing(self, party: Party, statement: int) -> None:
        """Refuse to issue with a document that is not known to be right.

        `document_mismatch` names which fields differ, `document_unreadable` a scan, and
        `document_outdated` that what is held against it has changed since.
        """
        document = self.document
        if document is None:
            return
        if (document.check.party, document.check.statement) != (party, statement):
            why = "document: what the request says was changed after the check; send it again"
            raise Refused("document_outdated", why)
        if document.passes:
            return
        if document.check.comparison is Comparison.UNREADABLE:
            why = "document: it has no text to hold against the request; a second person confirms"
            raise Refused("document_unreadable", why)
        fields = ", ".join(document.check.differs)
        raise Refused("document_mismatch", f"document: not as the request says: {fields}")

    def with_issue(self) -> "CaseDocument":
        """Note that the case is issued; from now on the document stays."""
        return self._changed(issued=True)

    def without_document(self) -> "CaseDocument":
        """Forget what there was, digest and result too."""
        return self._changed(waiting={}, document=None, first_at=None, erased=True)

    def _changed(self, **fields: object) -> "CaseDocument":
        return replace(self, version=self.version + 1, **fields)  # type: ignore[arg-type]


def checked_kk_number(written: str) -> str:
    """Return the number of a family card as 16 digits, also where it has spaces or dots.

    Raises Refused where it can be none. It has no check digit and no rule for women's days.
    """
    text = written.strip(" ").translate(_NOISE)
    if not _KK_NUMBER.fullmatch(text):
        raise Refused("kk_number_malformed", "kk_number: 16 digits 0 to 9 are needed")
    return text
