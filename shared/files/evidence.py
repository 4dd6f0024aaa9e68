"""Evidence: files that show something of one thing of a service, each look at them kept.

Such a file is about nobody in particular, so its key is sealed by the service's own master key. It
may show people all the same: few see it, and who looked is kept. What the thing is, who may, and
what kinds of files there are, is the service's.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from shared.audit.trail import note
from shared.files.purpose import Purpose
from shared.files.stored import begin_removal, bind, keep_checked
from shared.files.upload import Received
from shared.messaging.collections import Collection
from shared.messaging.errors import Missing, Rejected
from shared.messaging.unit_of_work import UnitOfWork
from shared.worker.jobs import MIB

PURPOSE: Final = Purpose(name="evidence", limit=20 * MIB)
"""A phone's photo at its finest, or scanned lists of many pages."""


class Deed(StrEnum):
    """What a service's trail has of evidence: about what, by whom, which file."""

    BOUND = "evidence_bound"
    REMOVED = "evidence_removed"
    READ = "evidence_read"


Permit = Callable[[UnitOfWork], Awaitable[None]]
"""Raises where who acts may not, or what the evidence is of is not there."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One file; its content lies in the file of the same id."""

    id: str
    kind: str
    """What it shows, in a word of the service's."""
    type: str
    """Media type."""
    size: int
    sha256: str
    at: datetime
    by: str
    """The pseudonymous account that bound it."""


@dataclass(frozen=True, slots=True)
class EvidenceOf:
    """The evidence of one thing, in the order in which it was bound."""

    id: str
    """The thing's."""
    items: tuple[Evidence, ...] = ()
    version: int = 0

    def item(self, file_id: str) -> Evidence | None:
        """Return one of them, or None."""
        return next((item for item in self.items if item.id == file_id), None)

    def having(self, item: Evidence, limit: int) -> "EvidenceOf":
        """Add a file. Raises Rejected where there are as many as there may be."""
        if len(self.items) >= limit:
            raise Rejected("too_much_evidence", f"file_id: {limit} files at most: remove one first")
        return replace(self, version=self.version + 1, items=(*self.items, item))

    def without(self, file_id: str) -> "EvidenceOf":
        """Take a file out."""
        left = tuple(item for item in self.items if item.id != file_id)
        return replace(self, version=self.version + 1, items=left)


EVIDENCE: Final = Collection("evidence", EvidenceOf)
"""For the `COLLECTIONS` of a service that keeps evidence, beside `FILES` and `TRAIL`."""


async def keep_evidence(received: Received, uow: UnitOfWork, *, permit: Permit) -> dict[str, Any]:
    """Keep a file that was found good, and return what its sender is told."""
    await permit(uow)
    file = await keep_checked(received.id, received.content, uow)
    return {"file_id": file.id, "type": file.type, "bytes": file.size, "sha256": file.sha256}


async def bind_evidence(
    about: str, file_id: str, kind: str, uow: UnitOfWork, *, permit: Permit, limit: int
) -> None:
    """Bind a file to what it is evidence of.

    Raises Missing, and Rejected: `file_of_another`, `file_state`, `too_much_evidence`.
    """
    await permit(uow)
    file = await bind(file_id, PURPOSE.name, about, uow)
    item = Evidence(file.id, kind, file.type, file.size, file.sha256, uow.now(), uow.actor)
    uow.add((await _evidence_of(about, uow)).having(item, limit))
    note(Deed.BOUND, about, uow, file_id, kind)


async def remove_evidence(about: str, file_id: str, uow: UnitOfWork, *, permit: Permit) -> None:
    """Take a file away for good; its frames are gone within a minute. Raises Missing."""
    await permit(uow)
    evidence = await _evidence_of(about, uow)
    if evidence.item(file_id) is None:
        raise Missing("evidence")
    uow.add(evidence.without(file_id))
    note(Deed.REMOVED, about, uow, file_id)
    await begin_removal(file_id, uow, unless=frozenset())


async def note_look(subject: str, about: str, file_id: str, uow: UnitOfWork) -> None:
    """Note who looks at which file."""
    note(Deed.READ, about, uow, file_id, actor=subject)


async def _evidence_of(about: str, uow: UnitOfWork) -> EvidenceOf:
    return await uow.get(EvidenceOf, about) or EvidenceOf(about)
