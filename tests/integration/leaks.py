"""Personal data searched for in what MongoDB keeps: every database, and the log of all changes."""

import base64
from collections.abc import Iterable, Iterator
from typing import Any

from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo import MongoClient

_SHORTEST = 6
"""Letters of base 64 that are not chance."""


def needles(texts: Iterable[str]) -> dict[bytes, str]:
    """Return how each text may be written: plain, in hex, and in base 64 at each offset."""
    found: dict[bytes, str] = {}
    for text in texts:
        raw = text.encode()
        found[raw] = text
        found[raw.hex().encode()] = text
        for part in _base64(raw):
            found[part] = text
    return found


def _base64(raw: bytes) -> Iterator[bytes]:
    for offset in range(3):
        # Letters that hold bits of the neighbours are cut away.
        first = -(-offset * 8 // 6)
        last = (offset + len(raw)) * 8 // 6
        padded = b"\x00" * offset + raw
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            part = encode(padded + b"\x00\x00")[first:last]
            if len(part) >= _SHORTEST:
                yield part


def found_in(blobs: Iterable[tuple[str, bytes]], texts: Iterable[str]) -> set[tuple[str, str]]:
    """Return where which text stands."""
    ways = needles(texts)
    return {
        (place, text) for place, blob in blobs for needle, text in ways.items() if needle in blob
    }


def kept(mongo_url: str, database: str) -> Iterator[tuple[str, bytes]]:
    """Yield every document of a service's databases and every change of them, as raw bytes."""
    raw: CodecOptions[RawBSONDocument] = CodecOptions(document_class=RawBSONDocument)
    with MongoClient[Any](mongo_url) as client:
        parts = [database, f"{database}_keys", f"{database}_audit"]
        for part in sorted({*parts} & {*client.list_database_names()}):
            place = client.get_database(part, codec_options=raw)
            for name in place.list_collection_names():
                for document in place[name].find({}):
                    yield f"{part}/{name}".removeprefix(database), bytes(document.raw)
        changes = client.get_database("local", codec_options=raw)["oplog.rs"]
        for change in changes.find({}):
            if database.encode() in change.raw:
                yield "oplog", bytes(change.raw)
