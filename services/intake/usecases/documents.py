"""The issued document: held against what the request says, bound, confirmed, and issued.

The worker holds the text against the person; here it is known which fields were looked for and
which of them differ, and nothing else of the text.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from services.intake.domain import (
    Case,
    CaseDocument,
    Check,
    Compared,
    Comparison,
    Confirmation,
    Deed,
    Document,
    Fact,
    Party,
    Person,
    Refused,
    Signature,
    Statement,
    WhyRight,
    statement_id,
)
from services.intake.usecases.allow import Allow, require_right
from services.intake.usecases.papers import ResidentErased
from services.intake.usecases.ports import Reader, Vault
from services.intake.usecases.residents import told_of
from services.intake.usecases.restriction import require_processing
from shared.audit.trail import note
from shared.files.purpose import Purpose
from shared.files.sniff import PDF
from shared.files.stored import begin_removal, bind, keep_checked
from shared.files.upload import Received
from shared.messaging.unit_of_work import UnitOfWork
from shared.worker.jobs import MIB

ISSUED: Final = Purpose(name="issued_document", limit=20 * MIB, types=frozenset({PDF}))
"""What the office issues, as it leaves the register."""


@dataclass(frozen=True, slots=True)
class Against:
    """Whom a document is held against, for the worker alone; it does not show itself."""

    party: Party
    statement: int
    wanted: Mapping[str, str] = field(repr=False)
    """What has to stand in it."""


async def against(case: Case, kk_number: str | None, reader: Reader, vault: Vault) -> Against:
    """Return whom a case's document has to be of: the subject, else the applicant.

    Raises ResidentErased, KeyMissing and what the vault raises.
    """
    party = _whose(case)
    # The version first: a correction in between makes the check worthless, and not the other way.
    statement = await reader.get(Statement, statement_id(case.id, party))
    told = await told_of(case, party, reader, vault)
    if told is None or statement is None:
        raise ResidentErased
    return Against(party, statement.version, _wanted(told.person, kk_number))


async def keep_document(
    received: Received,
    found: Mapping[str, Any],
    held: Against,
    case_id: str,
    uow: UnitOfWork,
    *,
    allow: Allow,
) -> dict[str, Any]:
    """Keep a file that was checked, and return what its sender is told.

    `found` is the worker's answer. Raises Missing, and Refused: as `bind_document`.
    """
    case = await _open_case(case_id, uow, allow)
    _require_before_issue(case)
    check = _check(found, held, uow)
    kept = await uow.get(CaseDocument, case_id) or CaseDocument(case_id)
    uow.add(kept.checked(received.id, check))
    file = await keep_checked(received.id, received.content, uow)
    answer = {"file_id": file.id, "type": file.type, "bytes": file.size, "sha256": file.sha256}
    return {
        **answer,
        "comparison": check.comparison.value,
        "compared": [one.value for one in check.compared],
        "differs": [one.value for one in check.differs],
        "signature": check.signature.value,
    }


async def bind_document(case_id: str, file_id: str, uow: UnitOfWork, *, allow: Allow) -> None:
    """Make a checked file the document of its case; the one before goes.

    Raises Missing, Rejected (`file_of_another`, `file_state`) and Refused: `closed`,
    `already_issued`, `not_checked`, `erased`, `restricted`.
    """
    case = await _open_case(case_id, uow, allow)
    _require_before_issue(case)
    file = await bind(file_id, ISSUED.name, case_id, uow)
    kept = await uow.get(CaseDocument, case_id) or CaseDocument(case_id)
    uow.add(kept.bound(file.id, file.size, file.sha256, uow.now(), uow.actor))
    if kept.document is not None:
        await begin_removal(kept.document.id, uow, unless=frozenset())


async def confirm_document(
    case_id: str,
    file_id: str,
    reason: WhyRight,
    explanation: str,
    uow: UnitOfWork,
    *,
    allow: Allow,
) -> None:
    """Let a document pass that is not plainly right, by the word of a second person.

    Raises Missing, and Refused: `closed`, `other_document`, `nothing_to_confirm`, `own_document`,
    `restricted`.
    """
    await _open_case(case_id, uow, allow)
    kept = await uow.get(CaseDocument, case_id) or CaseDocument(case_id)
    confirmed = kept.confirmed(file_id, Confirmation(reason, explanation, uow.actor, uow.now()))
    uow.add(confirmed)
    if confirmed.document is not None:
        said = _said(confirmed.document.check, reason, explanation)
        note(Deed.DOCUMENT_CONFIRMED, case_id, uow, f"file {file_id}", *said)


async def require_right_document(case: Case, uow: UnitOfWork) -> None:
    """Refuse to issue with a document that is not known to be right; note that it is issued.

    A case without a document is issued as it is: its card is handed over. Raises Refused:
    `document_mismatch`, `document_unreadable`, `document_outdated`.
    """
    kept = await uow.get(CaseDocument, case.id)
    if kept is None or kept.document is None:
        return
    party = _whose(case)
    statement = await uow.get(Statement, statement_id(case.id, party))
    kept.require_passing(party, statement.version if statement else 0)
    uow.add(kept.with_issue())


async def issued_document(case_id: str, reader: Reader) -> Document | None:
    """Return the document that a case was issued with: what may be sent to its resident."""
    kept = await reader.get(CaseDocument, case_id)
    return kept.document if kept and kept.issued else None


async def _open_case(case_id: str, uow: UnitOfWork, allow: Allow) -> Case:
    case = await uow.require(Case, case_id)
    require_right(case, allow, backdated=False)
    await require_processing(case, uow)
    if case.outcome is not None:
        raise Refused("closed", f"the request is closed: {case.outcome}")
    return case


def _require_before_issue(case: Case) -> None:
    if Fact.ISSUED in case.facts:
        raise Refused("already_issued", "the document has been issued; it stays as it was checked")


def _whose(case: Case) -> Party:
    return Party.SUBJECT if Party.SUBJECT in case.parties else Party.APPLICANT


def _wanted(person: Person, kk_number: str | None) -> Mapping[str, str]:
    numbers = {Compared.NIK: person.nik, Compared.KK_NUMBER: kk_number}
    known = {kind.value: number for kind, number in numbers.items() if number is not None}
    return {Compared.NAME.value: person.name, **known}


def _check(found: Mapping[str, Any], held: Against, uow: UnitOfWork) -> Check:
    differs = tuple(Compared(one) for one in found["differ"])
    comparison = Comparison.MISMATCH if differs else Comparison.MATCH
    return Check(
        comparison=comparison if found["readable"] else Comparison.UNREADABLE,
        compared=tuple(Compared(one) for one in held.wanted),
        differs=differs,
        signature=Signature(found["signature"]),
        party=held.party,
        statement=held.statement,
        at=uow.now(),
        by=uow.actor,
    )


def _said(check: Check, reason: WhyRight, explanation: str) -> tuple[str, ...]:
    differs = " ".join(check.differs)
    return (f"{check.comparison} {differs}".strip(), reason.value, explanation)
