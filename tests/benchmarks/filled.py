"""Many cases in a database: copies of some that were recorded, each with ids of its own.

A copy is made of the stored bytes. Every id and every digest in them is replaced by another of the
same length, the same one wherever it stands, so that all documents of a case still name each other.
"""

import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from itertools import pairwise
from typing import Any, Final

from bson.raw_bson import RawBSONDocument
from pymongo import MongoClient
from pymongo.database import Database

from deploy.local.servers import Say
from deploy.local.stack import Stack
from services.intake.domain import Secrets, digest
from services.intake.store.names import KEYS, RESIDENT_KEYS

COPIED: Final = ("cases", "residents", "statements", "lookups", "inbox", "actions", "timers")
"""What recording a request adds, besides the key of its resident."""
SAMPLE: Final = 20_000
IDS: Final = re.compile(
    rb"(?<![0-9a-f])(?:[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
    rb"|[0-9a-f]{64})(?![0-9a-f])"
)
_UUID_LENGTH: Final = 36
_APART_MS: Final = 60_000
_EVERY: Final = 100

Documents = Database[RawBSONDocument]


@dataclass(frozen=True, slots=True)
class Template:
    """The documents of some cases, one behind the other, and where ids lie in them."""

    data: bytes
    ends: Mapping[str, tuple[int, ...]]
    """Where the documents of each collection begin, and where the last one ends."""
    spans: tuple[tuple[int, int], ...]
    codes: Mapping[bytes, bytes]
    """By the digest of a tracking code the id of its case."""

    @property
    def cases(self) -> int:
        """Return how many cases a copy has."""
        return len(self.codes)

    def copied(self, number: int, secrets: Secrets) -> tuple[bytes, dict[bytes, bytes]]:
        """Return a copy, and by each id that stands in it what it is there."""
        ids = {
            old: _other(old, number)
            for old in {self.data[start:end] for start, end in self.spans}
        }  # fmt: skip
        for tracking, case_id in self.codes.items():
            ids[tracking] = digest(secrets.code(ids[case_id].decode())).encode()
        edges = [0, *(edge for span in self.spans for edge in span), len(self.data)]
        parts = [self.data[start:end] for start, end in pairwise(edges)]
        parts[1::2] = [ids[old] for old in parts[1::2]]
        return b"".join(parts), ids

    def documents(self, copy: bytes, collection: str) -> list[RawBSONDocument]:
        """Return a collection's documents of a copy."""
        return [RawBSONDocument(copy[s:e]) for s, e in pairwise(self.ends[collection])]


def fill(stack: Stack, cases: int, say: Say) -> list[str]:
    """Copy what intake has recorded until it has so many cases; return ids of some of them."""
    with MongoClient[RawBSONDocument](
        stack.mongo_url, document_class=RawBSONDocument
    ) as client:  # fmt: skip
        places = _places(client, stack.database("intake"))
        template = _template(places)
        secrets = Secrets(*_versions(stack))
        chance, sample = random.Random(cases), list[str]()
        share = min(1.0, SAMPLE / cases)
        for number in range(1, -(-cases // template.cases)):
            copy, ids = template.copied(number, secrets)
            for collection, place in places.items():
                place[collection].insert_many(template.documents(copy, collection), ordered=False)
            added = [ids[one].decode() for one in template.codes.values()]
            sample += [one for one in added if chance.random() < share]
            if not number % _EVERY:
                say(f"status: {number * template.cases:,} cases")
        return sample


def codes(stack: Stack, cases: list[str]) -> list[str]:
    """Return the tracking codes of cases."""
    secrets = Secrets(*_versions(stack))
    return [secrets.code(case) for case in cases]


def _places(client: MongoClient[RawBSONDocument], database: str) -> dict[str, Documents]:
    own: dict[str, Documents] = dict.fromkeys(COPIED, client[database])
    return {**own, RESIDENT_KEYS: client[f"{database}_{KEYS}"]}


def _template(places: Mapping[str, Documents]) -> Template:
    data, ends = bytearray(), dict[str, tuple[int, ...]]()
    for collection, place in places.items():
        edges = [len(data)]
        for one in place[collection].find(_recorded(collection)):
            data += one.raw
            edges.append(len(data))
        ends[collection] = tuple(edges)
    found = {one["tracking"].encode(): one["_id"].encode() for one in _cases(places)}
    spans = tuple(match.span() for match in IDS.finditer(data))
    return Template(bytes(data), ends, spans, found)


def _recorded(collection: str) -> dict[str, Any]:
    # The programmes that were published left a command and an action as well.
    if collection == "inbox":
        return {"answer.case_id": {"$exists": True}}
    return {"action": "POST /api/requests"} if collection == "actions" else {}


def _cases(places: Mapping[str, Documents]) -> Iterator[RawBSONDocument]:
    yield from places["cases"]["cases"].find({}, {"tracking": 1})


def _other(old: bytes, number: int) -> bytes:
    """Return another id or digest of the same length: an id's time is a minute earlier each."""
    drawn = blake2b(old, key=number.to_bytes(8), digest_size=32).hexdigest().encode()
    if len(old) != _UUID_LENGTH:
        return drawn
    at = int(old[:8] + old[9:13], 16) - number * _APART_MS
    head = f"{at:012x}".encode()
    return b"-".join((head[:8], head[8:], b"7" + drawn[:3], b"8" + drawn[3:6], drawn[6:18]))


def _versions(stack: Stack) -> list[bytes]:
    lines = (stack.folder / "secrets" / "tracking_secret").read_text("utf-8").splitlines()
    return [line.strip().encode() for line in lines if line.strip()]
