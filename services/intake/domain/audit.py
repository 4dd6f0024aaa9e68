"""The trail of sign-ins, rights, exports and looks at persons: only added to, and chained.

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
from enum import StrEnum
from hashlib import sha256
from typing import Final

FIRST: Final = "0" * 64
"""What the first block has in the place of a hash before it."""


class Deed(StrEnum):
    """What was done."""

    SIGNED_IN = "signed_in"
    PROVED = "proved"
    SIGNED_OUT = "signed_out"
    REFRESH_REUSED = "refresh_reused"
    REFRESH_ELSEWHERE = "refresh_elsewhere"
    DEVICE_REVOKED = "device_revoked"
    ASKED = "asked"
    """For what another person has to approve: `said` has what and the grants."""
    APPROVED = "approved"
    REFUSED = "refused"
    EXPIRED = "expired"
    INVITED = "invited"
    PASSWORD_SET = "password_set"  # noqa: S105 - a deed
    SECOND_FACTOR_SET = "second_factor_set"
    GRANTED = "granted"
    DISABLED = "disabled"
    MACHINE_TOKEN = "machine_token"  # noqa: S105 - a deed
    """A machine got a token: `said` has until when, what for, its id and the grants."""
    MACHINE_ENDED = "machine_ended"
    """One token of a machine, or all it had, was ended: `said` has its id, or `*`, and why."""
    RECOVERED = "recovered"
    READ = "read"
    """Somebody looked at a person, or exported him: `said` has the route or command."""
    ERASURE_ASKED = "erasure_asked"
    ERASURE_APPROVED = "erasure_approved"
    ERASURE_EXPIRED = "erasure_expired"
    ERASURE_DECLINED = "erasure_declined"
    """A supervisor refused what was asked for: `said` has who asked and the reason."""
    ERASED = "erased"
    EXPORTED = "exported"
    """All that is held about a resident was written out: `said` has the reason given."""
    CORRECTED = "corrected"
    """What is held about a resident: `said` names the fields, without values."""
    RESTRICTED = "restricted"
    """The processing for a resident was stopped: `said` has the reason."""
    RESTRICTION_LIFTED = "restriction_lifted"
    DOCUMENT_CONFIRMED = "document_confirmed"
    """A second person let a document pass: `said` has file, result, differing fields and reason."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One deed. It holds pseudonyms, ids, grants and routes, and no personal data."""

    id: str
    at: datetime
    deed: Deed
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
        elif entry.digest != digest:
            wrong.append(f"entry {id_} is altered")
    return wrong


def _digest(said: object) -> str:
    text = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return sha256(text.encode()).hexdigest()
