"""The issued document as the page of a case shows it: what was found of it, never its text."""

from dataclasses import dataclass

from services.intake.domain import (
    Case,
    CaseDocument,
    CatalogueService,
    Deliverable,
    Document,
    Fact,
)
from services.intake.usecases import Reader


@dataclass(frozen=True, slots=True)
class Issued:
    """The document of a case. `confirmable`: whoever looks may be the second person."""

    document: Document
    issued: bool
    confirmable: bool


def takes_document(case: Case, service: CatalogueService | None) -> bool:
    """Return whether the page offers to send one: a service that ends in a PDF, before issue."""
    pdf = service is not None and service.deliverable is Deliverable.PDF
    return pdf and case.outcome is None and Fact.ISSUED not in case.facts


async def issued_of(case: Case, subject: str, reader: Reader) -> Issued | None:
    """Return the document that was bound to a case, in the eyes of whoever looks."""
    kept = await reader.get(CaseDocument, case.id)
    if kept is None or kept.document is None:
        return None
    document = kept.document
    confirmable = document.others(subject) and not document.passes and case.outcome is None
    return Issued(document, kept.issued, confirmable)
