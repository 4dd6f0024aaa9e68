"""Evidence over HTTP: sent as it is, bound by a second command, seen, and removed.

A service's routes say who may, by their rules and before they come here.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Protocol, TypeVar

from fastapi import Depends, Path, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from shared.audit.looks import keep_look
from shared.contracts.event import AggregateId
from shared.files.evidence import (
    PURPOSE,
    Evidence,
    EvidenceOf,
    Permit,
    bind_evidence,
    keep_evidence,
    note_look,
    remove_evidence,
)
from shared.files.keys import FileKeys
from shared.files.stored import StoredFile
from shared.files.upload import Files
from shared.files.web import FileAnswer, attachment, incoming
from shared.runtime import CommandsDep, Sent, built, provided, sent_with
from shared.web.guard import CallerDep
from shared.web.problems import NotFound
from shared.web.sealed import openable

FilePath = Annotated[AggregateId, Path()]
T = TypeVar("T")


class EvidenceAnswer(FileAnswer):
    """A file that shows something."""

    kind: str
    at: datetime


class EvidencesAnswer(BaseModel):
    """The evidence of one thing, in the order in which it was bound."""

    items: list[EvidenceAnswer]


class EvidenceReader(Protocol):
    """Reads what is committed."""

    async def get(self, kept: type[T], id_: str) -> T | None:
        """Return what is kept under an id, or None."""
        ...


@dataclass(frozen=True, slots=True)
class EvidenceRoom:
    """What a service's routes about evidence do, once the caller may."""

    request: Request
    caller: CallerDep
    commands: CommandsDep
    reader: Annotated[EvidenceReader, Depends(provided(EvidenceReader))]
    files: Annotated[Files, Depends(provided(Files))]
    keys: Annotated[FileKeys, Depends(provided(FileKeys))]

    async def taken(self, about: str, key: str, permit: Permit) -> FileAnswer:
        """Take a file, the body itself; return what it was found to be."""
        coming = incoming(self.request, PURPOSE, about, self.caller.subject, self.keys.sealed)
        async with self.files.received(coming) as received:
            outcome = await self.commands.run(
                lambda uow: keep_evidence(received, uow, permit=permit),
                sent=sent_with(self.request, self.caller, key, received.came),
                key=received.id,
            )
        if outcome.duplicate:
            await self.files.remove_unbound(received.id)
        return FileAnswer(**outcome.answer)

    async def bound(
        self, about: str, file_id: str, kind: str, permit: Permit, *, sent: Sent, limit: int
    ) -> EvidenceAnswer:
        """Bind a file that came; return it."""
        await self.commands.run(
            lambda uow: bind_evidence(about, file_id, kind, uow, permit=permit, limit=limit),
            sent=sent,
            key=about,
        )
        return _answer(await self._item(about, file_id))

    async def listed(self, about: str) -> EvidencesAnswer:
        """Return the files, without their content: no look at anybody."""
        found = await self.reader.get(EvidenceOf, about) or EvidenceOf(about)
        return EvidencesAnswer(items=[_answer(item) for item in found.items])

    async def content(self, about: str, file_id: str) -> StreamingResponse:
        """Return a file's content, for saving. The look is kept before it leaves."""
        item = await self._item(about, file_id)
        stored = await self.reader.get(StoredFile, file_id)
        if stored is None:
            raise NotFound("evidence")
        subject = self.caller.subject
        await keep_look(
            self.request,
            file_id,
            lambda uow: note_look(subject, about, file_id, uow),
            self.commands,
        )
        with openable("the file's"):
            content = self.files.content(stored, self.keys.opened(stored))
            return await attachment(f"{item.kind}-{file_id}", item.type, item.size, content)

    async def removed(self, about: str, file_id: str, permit: Permit, *, sent: Sent) -> None:
        """Remove a file for good."""
        await self.commands.run(
            lambda uow: remove_evidence(about, file_id, uow, permit=permit), sent=sent, key=about
        )

    async def _item(self, about: str, file_id: str) -> Evidence:
        found = await self.reader.get(EvidenceOf, about)
        item = found.item(file_id) if found else None
        if item is None:
            raise NotFound("evidence")
        return item


RoomDep = Annotated[EvidenceRoom, Depends(built(EvidenceRoom))]


def _answer(item: Evidence) -> EvidenceAnswer:
    return EvidenceAnswer(
        file_id=item.id,
        kind=item.kind,
        type=item.type,
        bytes=item.size,
        sha256=item.sha256,
        at=item.at,
    )
