"""Evidence: files bound to their event, every look at one kept, and removed again."""

from typing import Any, Final

from services.scheduler.domain import (
    EventEvidence,
    Evidence,
    EvidenceKind,
    EvidenceLook,
    ScheduledEvent,
)
from services.scheduler.usecases.ports import Allow
from shared.contracts.envelope import new_id
from shared.files.purpose import Purpose
from shared.files.stored import begin_removal, bind, keep_checked
from shared.files.upload import Received
from shared.messaging.errors import Missing
from shared.messaging.unit_of_work import UnitOfWork
from shared.worker.jobs import MIB

EVIDENCE: Final = Purpose(name="evidence", limit=20 * MIB)
"""A phone's photo at its finest, or scanned lists of many pages."""


async def keep_evidence(
    received: Received, event_id: str, uow: UnitOfWork, *, allow: Allow
) -> dict[str, Any]:
    """Keep a file that was found good, and return what its sender is told."""
    event = await uow.require(ScheduledEvent, event_id)
    allow(event.plan, None)
    file = await keep_checked(received.id, received.content, uow)
    return {"file_id": file.id, "type": file.type, "bytes": file.size, "sha256": file.sha256}


async def bind_evidence(
    event_id: str, file_id: str, kind: EvidenceKind, uow: UnitOfWork, *, allow: Allow
) -> None:
    """Bind a file to its event as evidence of this kind.

    Raises Missing, Rejected (`file_of_another`, `file_state`), and Refused: too_much_evidence.
    """
    event = await uow.require(ScheduledEvent, event_id)
    allow(event.plan, None)
    file = await bind(file_id, EVIDENCE.name, event_id, uow)
    item = Evidence(file.id, kind, file.type, file.size, file.sha256, uow.now(), uow.actor)
    uow.add((await evidence_of(event_id, uow)).having(item))


async def remove_evidence(event_id: str, file_id: str, uow: UnitOfWork, *, allow: Allow) -> None:
    """Take a file away from its event; its frames are gone within a minute. Raises Missing."""
    event = await uow.require(ScheduledEvent, event_id)
    allow(event.plan, None)
    evidence = await evidence_of(event_id, uow)
    if evidence.item(file_id) is None:
        raise Missing("evidence")
    uow.add(evidence.without(file_id))
    await begin_removal(file_id, uow, unless=frozenset())


async def note_look(subject: str, event_id: str, file_id: str, uow: UnitOfWork) -> None:
    """Keep who looks at which file, and when."""
    uow.add(EvidenceLook(new_id(), subject, event_id, file_id, uow.now()))


async def evidence_of(event_id: str, uow: UnitOfWork) -> EventEvidence:
    """Return an event's evidence, empty where there is none yet."""
    return await uow.get(EventEvidence, event_id) or EventEvidence(event_id)
