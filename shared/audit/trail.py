"""The trail of a service: deeds about rights, persons and what is kept; only added to, and chained.

Each deed is an entry of its own, written with what it tells of. Entries are put into blocks
afterwards, each of which holds the digests of its entries and the hash of the block before it:
whoever changes or removes an entry has to change every block behind it, and the hashes of blocks
are published as events. Entries are not chained while they are written, or every sign-in and every
look would wait for one document.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

from shared.contracts.envelope import new_id
from shared.messaging.unit_of_work import UnitOfWork

FIRST: Final = "0" * 64
"""What the first block has in the place of a hash before it."""

SPOILT: Final = "spoilt"
"""In the place of an entry's deed where somebody has made the entry unreadable."""


Place = tuple[datetime, str]
"""Where an entry lies among all: when it was noted, in milliseconds, and its id."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One deed. It holds pseudonyms, ids, grants and routes, and no personal data."""

    id: str
    at: datetime
    deed: str
    """A word of the service's."""
    actor: str
    about: str
    said: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """Return a digest of everything in it."""
        plain = {**asdict(self), "at": self.at.isoformat(), "said": list(self.said)}
        return _digest(plain)


@dataclass(frozen=True, slots=True)
class Block:
    """Digests of entries by their ids, chained to the block before. `id` is made of the number."""

    id: str
    number: int
    before: str
    at: datetime
    entries: Mapping[str, str]

    @property
    def hash(self) -> str:
        """Return the hash that the next block holds, and that is published."""
        said = [self.number, self.before, self.at.isoformat(), dict(self.entries)]
        return _digest(said)

    def follows(self, before: "Block | None") -> bool:
        """Return whether this is the block behind that one; None: the first."""
        number, hash_ = (before.number, before.hash) if before else (0, FIRST)
        return (self.number, self.before, self.id) == (number + 1, hash_, block_id(number + 1))


def note(deed: str, about: str, uow: UnitOfWork, *said: str, actor: str = "") -> None:
    """Note a deed, in the unit of work that does it; `said` holds ids and words, nobody's data."""
    uow.add(AuditEntry(new_id(), uow.now(), str(deed), actor or uow.actor, about, said))


def block_id(number: int) -> str:
    """Return the id of a block: as texts ids are in the order of numbers."""
    return f"{number:012d}"


def next_block(before: Block | None, entries: Sequence[AuditEntry], at: datetime) -> Block:
    """Return the block of these entries behind that one."""
    number = before.number + 1 if before else 1
    digests = {entry.id: entry.digest for entry in sorted(entries, key=lambda one: one.id)}
    return Block(block_id(number), number, before.hash if before else FIRST, at, digests)


def wrong_entries(block: Block, found: Mapping[str, AuditEntry]) -> Sequence[str]:
    """Return what is wrong with the entries of a block: missing or altered, by id."""
    wrong = []
    for id_, digest in block.entries.items():
        entry = found.get(id_)
        if entry is None:
            wrong.append(f"entry {id_} is missing")
        elif entry.deed == SPOILT or entry.digest != digest:
            wrong.append(f"entry {id_} is altered")
    return wrong


def _digest(said: object) -> str:
    text = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return sha256(text.encode()).hexdigest()
