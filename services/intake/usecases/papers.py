"""Papers: taken in as files, sealed so that they go with the resident, and bound to their case."""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any, Final

from services.intake.domain import Case, CasePapers, Paper, PaperKind, Party, ResidentKey
from services.intake.usecases.allow import Allow, require_right
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
    case_id: str, file_id: str, kind: PaperKind, uow: UnitOfWork, *, allow: Allow
) -> None:
    """Bind a file to its case as a paper of this kind.

    Raises Missing, Rejected (`file_of_another`, `file_state`) and Refused.
    """
    case = await uow.require(Case, case_id)
    require_right(case, allow, backdated=False)
    await require_processing(case, uow)
    await add_paper(case, file_id, kind, uow)


async def add_paper(case: Case, file_id: str, kind: PaperKind, uow: UnitOfWork) -> Paper:
    """Bind a file to a case that is known to take it. Raises as `bind_paper` does."""
    file = await bind(file_id, PAPER.name, case.id, uow)
    papers = await uow.get(CasePapers, case.id) or CasePapers(case.id)
    papers.require_somebody()
    paper = Paper(file.id, kind, file.type, file.size, file.sha256, uow.now(), uow.actor)
    uow.add(papers.with_paper(paper))
    await note_paper(case, kind, uow)
    return paper


def _place(file_id: str) -> str:
    return f"file.{file_id}"
