"""Papers: taken in as files, sealed so that they go with the resident, and bound to their case."""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any, Final

from services.intake.domain import Case, CasePapers, Paper, PaperKind, Party, Refused, ResidentKey
from services.intake.domain.visit import Visit, require_shared, serves, with_power
from services.intake.usecases.allow import Allow, require_right
from services.intake.usecases.case_events import keep
from services.intake.usecases.catalogues import entry_of
from services.intake.usecases.ports import Reader, Vault
from services.intake.usecases.restriction import require_processing
from services.intake.usecases.returns import note_paper
from shared.files.purpose import Purpose
from shared.files.stored import StoredFile, bind, keep_checked
from shared.files.upload import Files, Received
from shared.messaging.unit_of_work import UnitOfWork
from shared.sealing.seal import DataKey
from shared.worker.jobs import MIB

PAPER: Final = Purpose(name="paper", limit=20 * MIB)
"""A phone's photo at its finest, or a scanned file of many pages."""
_FIELD: Final = "key"


class ResidentFiles(Files):
    """What takes in residents' own files: apart, so that the office's always have their turn."""


class ResidentErased(Exception):  # noqa: N818 - reads as the finding it is
    """The resident whose paper it is has been erased, and with him what opens it."""


async def applicants_key(case: Case, reader: Reader) -> ResidentKey:
    """Return the key of a case's applicant, with which its papers go. Raises ResidentErased."""
    resident_id = case.parties.get(Party.APPLICANT)
    key = await reader.get(ResidentKey, resident_id) if resident_id else None
    if key is None or key.destroyed:
        raise ResidentErased
    return key


def sealed_key(key: DataKey, file_id: str, owner: ResidentKey, vault: Vault) -> Mapping[str, str]:
    """Return a file's key as it is stored: sealed with the resident's."""
    fields = {_FIELD: b64encode(key.secret).decode()}
    return vault.seal(owner, _place(file_id), fields)


def opened_key(file: StoredFile, owner: ResidentKey, vault: Vault) -> DataKey:
    """Return a file's key. Raises what the vault raises."""
    return DataKey(b64decode(vault.open(owner, _place(file.id), file.sealed_key)[_FIELD]))


async def keep_upload(
    received: Received, case_id: str, uow: UnitOfWork, *, allow: Allow
) -> dict[str, Any]:
    """Keep a file that was found good, and return what its sender is told."""
    case = await uow.require(Case, case_id)
    require_right(case, allow, backdated=False)
    await require_processing(case, uow)
    file = await keep_checked(received.id, received.content, uow)
    return {"file_id": file.id, "type": file.type, "bytes": file.size, "sha256": file.sha256}


async def bind_paper(
    case_id: str,
    file_id: str,
    kind: PaperKind,
    uow: UnitOfWork,
    *,
    allow: Allow,
    visit_as: Party | None = None,
) -> None:
    """Bind a file to its case as a paper of this kind.

    `visit_as`: it serves the whole visit, as a paper of this one of the case's people. Raises
    Missing, Rejected (`file_of_another`, `file_state`) and Refused: also `no_visit`,
    `party_missing`, `not_for_visit`.
    """
    case = await uow.require(Case, case_id)
    require_right(case, allow, backdated=False)
    await require_processing(case, uow)
    of = _shared_as(case, kind, visit_as) if visit_as else None
    await add_paper(case, file_id, kind, uow, of=of)


async def add_paper(
    case: Case, file_id: str, kind: PaperKind, uow: UnitOfWork, *, of: str | None = None
) -> Paper:
    """Bind a file to a case that is known to take it. Raises as `bind_paper` does.

    `of`: whose paper it is, where it serves the visit.
    """
    file = await bind(file_id, PAPER.name, case.id, uow)
    papers = await uow.get(CasePapers, case.id) or CasePapers(case.id)
    papers.require_somebody()
    paper = Paper(file.id, kind, file.type, file.size, file.sha256, uow.now(), uow.actor, of)
    uow.add(papers.with_paper(paper))
    await note_paper(case, kind, uow)
    if kind is PaperKind.POWER_OF_ATTORNEY:
        fresh = await uow.require(Case, case.id)
        await keep(fresh, with_power(fresh), uow)
    if of is not None:
        await _note_others(case, paper, uow)
    return paper


def _shared_as(case: Case, kind: PaperKind, party: Party) -> str:
    """Return the resident whose paper it is that serves the visit."""
    if case.visit_id is None:
        raise Refused("no_visit", "for_visit: the request was recorded in no visit")
    require_shared(kind)
    if party not in case.parties:
        raise Refused("party_missing", "of: the request names nobody as that")
    return case.parties[party]


async def _note_others(case: Case, paper: Paper, uow: UnitOfWork) -> None:
    """Note in the visit's other cases what a paper is to them: a proxy's right, an answer."""
    visit = await uow.get(Visit, case.visit_id) if case.visit_id else None
    for case_id in visit.others(case.id) if visit else ():
        other = await uow.get(Case, case_id)
        if other is None:
            continue
        of_applicant = other.parties.get(Party.APPLICANT) == paper.of
        if paper.kind is PaperKind.POWER_OF_ATTORNEY and of_applicant:
            await keep(other, with_power(other), uow)
            other = await uow.require(Case, case_id)
        if other.returned and serves(paper, await entry_of(other, uow), other):
            await note_paper(other, paper.kind, uow)


def _place(file_id: str) -> str:
    return f"file.{file_id}"
