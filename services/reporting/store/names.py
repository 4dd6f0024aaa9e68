"""Where things lie, and how a counter's key is made.

A counter's key is its whole place, from the coarse to the fine: generation, programme, event,
split, day, value. So one event's report, and one split of a programme over any days, are each one
range of the primary key: what they cost does not grow with history, and there is no other index.
"""

from collections.abc import Mapping
from typing import Any

from pymongo import WriteConcern
from pymongo.read_concern import ReadConcern

from services.reporting.domain import By, Cell, Measure, Totals
from shared.audit.kept import TRAIL_INDEXES
from shared.files.kept import FILE_INDEXES
from shared.mongo.client import Client, Database
from shared.mongo.migrations import Index
from shared.mongo.revocations import REVOCATION_INDEX

ARCHIVE = "archive"
UNFOLDED = "unfolded"
"""The work list: one row for every archived event that is not counted yet."""
REFOLDED = "refolded"
"""What was counted while a rebuild was running, and is still to be counted there."""
TOTALS = "totals"
REVISIONS = "revisions"
"""Per event how often its figures changed, and when last."""
STATE = "state"
"""One document: who counts, and which generation of the totals is the one to read."""
PROGRAMMES = "programmes"
EVENTS = "events"
CURSORS = "cursors"
"""How far each new consumer's history has been sent."""

THE_STATE = "totals"
FIRST_GENERATION = 1

INDEXES = (
    *FILE_INDEXES,
    REVOCATION_INDEX,
    *TRAIL_INDEXES,
    Index(ARCHIVE, (("archived_at", 1), ("_id", 1))),
    Index(ARCHIVE, (("programme_id", 1), ("_id", 1))),
    Index(UNFOLDED, (("programme_id", 1), ("type", 1), ("since", 1))),
    Index(UNFOLDED, (("type", 1),), partial={"unread": True}),
    Index(EVENTS, (("programme_id", 1), ("on", -1))),
)

_SEPARATOR = "|"
_AFTER = "}"
"""The character after the separator: the end of every key that begins with what stands before."""


def durable(client: Client, database: str) -> Database:
    """Return the database with reads and writes that a failover does not take back."""
    return client.get_database(
        database, read_concern=ReadConcern("majority"), write_concern=WriteConcern("majority")
    )


def key_of(generation: int, cell: Cell) -> str:
    """Return the key of a counter."""
    return _SEPARATOR.join((str(generation), *cell))


def keys(*parts: object) -> dict[str, str]:
    """Return the range of keys that begin with these parts."""
    begin = _SEPARATOR.join(map(str, parts))
    return {"$gte": begin + _SEPARATOR, "$lt": begin + _AFTER}


def keys_between(first: object, last: object, *parts: object) -> dict[str, str]:
    """Return the range of keys that go on from these parts with `first`, up to those of `last`."""
    begin = _SEPARATOR.join(map(str, parts)) + _SEPARATOR
    return {"$gte": f"{begin}{first}{_SEPARATOR}", "$lt": f"{begin}{last}{_AFTER}"}


def documents(generation: int, totals: Totals) -> list[dict[str, Any]]:
    """Return counters as they are stored."""
    return [
        {"_id": key_of(generation, cell), "n": {measure.value: n for measure, n in added.items()}}
        for cell, added in totals.items()
    ]


def totals_of(found: list[Mapping[str, Any]] | list[dict[str, Any]]) -> Totals:
    """Return the counters that these documents are."""
    return {
        _cell(document["_id"]): {Measure(name): n for name, n in document["n"].items()}
        for document in found
    }


def _cell(key: str) -> Cell:
    _, programme, event, by, day, value = key.split(_SEPARATOR)
    return Cell(programme, event, By(by), day, value)


def generation_of(state: Mapping[str, Any] | None) -> int:
    """Return the generation to read; the first where nothing has been counted yet."""
    return int(state["current"]) if state else FIRST_GENERATION
