"""Stories from devices that do not agree with what is known, kept for a supervisor."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.scheduler.domain import Conflict, ConflictKind, LateEntry
from shared.messaging.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class About:
    """What a conflict is about: its subject, and the booths and other stories in it."""

    subject: str
    booths: tuple[str, ...] = ()
    stories: tuple[str, ...] = ()


Found = Mapping[ConflictKind, About]


async def keep_entry(entry: LateEntry, found: Found, uow: UnitOfWork) -> LateEntry:
    """Keep a story with the conflicts that it makes; return it with all that it made."""
    known = set(entry.conflicts)
    kept = entry.conflicting(tuple(found))
    uow.add(kept)
    for kind, about in found.items():
        if kind not in known:
            new = Conflict(entry.event_id, kind, about.subject, uow.now())
            conflict = await uow.get(Conflict, new.id) or new
            uow.add(conflict.with_entries(entry.name, *about.stories, booths=about.booths))
    return kept
