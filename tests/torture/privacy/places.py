"""Every place where something is kept, as bytes: databases, queues, files, figures, processes.

MongoDB packs its own files (WiredTiger, snappy): what is in them is read through the server, every
collection of every database and the log of all changes; the files are read as they are besides. The
files of secrets hold keys and passwords, and are left out. There are no traces: logs carry an id.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import httpx
from bson import json_util
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from shared.messaging.provision import parted
from tests.torture.privacy.office import Office

BATCH: Final = 1024 * 1024
"""Bytes that are searched at once, at least where there are so many."""
OVERLAP: Final = 4096
"""Bytes that two parts of a file share, so that nothing lies across."""
MESSAGES: Final = 10_000
"""Messages read of one queue at most."""
_ZEROS: Final = re.compile(rb"\x00{64,}")
_SECRETS: Final = ("secrets", "passwords.json", "key", ".erlang.cookie")
_RAW: Final[CodecOptions[RawBSONDocument]] = CodecOptions(document_class=RawBSONDocument)
_NUMBERS: Final = json_util.RELAXED_JSON_OPTIONS


@dataclass(frozen=True)
class Place:
    """Somewhere, and what it holds in parts; `unit` is what is counted: documents, bytes ..."""

    name: str
    unit: str
    parts: Iterable[tuple[int, bytes]]
    """How many of the unit, and their bytes."""


def places(office: Office) -> Iterator[Place]:
    """Yield every place of a stack, each once."""
    yield from databases(office.client)
    yield from queues(office)
    yield from files(office.folder)
    yield from figures(office)
    yield from processes(office)


def databases(client: MongoClient[dict[str, Any]]) -> Iterator[Place]:
    """Yield every collection, the log of changes among them; files of GridFS put together."""
    for database in client.list_database_names():
        names = client[database].list_collection_names()
        for name in sorted(names):
            yield Place(
                f"mongodb {database}.{name}", "documents", _documents(client, database, name)
            )
            if name.endswith(".chunks"):
                joined = _joined(client, database, name)
                yield Place(f"mongodb {database}.{name}, joined", "files", joined)


def _documents(client: Any, database: str, name: str) -> Iterator[tuple[int, bytes]]:
    collection = client.get_database(database, codec_options=_RAW)[name]
    count, held = 0, bytearray()
    try:
        for document in collection.find({}):
            # A number may be a number: in JSON its digits can be read.
            held += (
                bytes(document.raw)
                + b"\n"
                + json_util.dumps(document, json_options=_NUMBERS).encode()
            )
            count += 1
            if len(held) >= BATCH:
                yield count, bytes(held)
                count, held = 0, bytearray()
    except OperationFailure:
        # Some of the server's own collections nobody may read; they are the server's own lists.
        count = 0
    yield count, bytes(held)


def _joined(client: Any, database: str, name: str) -> Iterator[tuple[int, bytes]]:
    chunks = client[database][name]
    for file in chunks.distinct("files_id"):
        parts = chunks.find({"files_id": file}).sort("n", 1)
        yield 1, b"".join(bytes(part["data"]) for part in parts)


def queues(office: Office) -> Iterator[Place]:
    """Yield every queue's messages with their properties; each is put back where it was.

    A queue that one consumer alone may read lets nobody look: its messages lie in the broker's
    files, which are searched as well.
    """
    with _management(office) as api:
        for queue in api.get("queues").raise_for_status().json():
            path = f"queues/{quote(queue['vhost'], safe='')}/{queue['name']}/get"
            asked = {"count": MESSAGES, "ackmode": "reject_requeue_true", "encoding": "base64"}
            answer = api.post(path, json=asked)
            if answer.status_code == httpx.codes.BAD_REQUEST and _of_one_consumer(queue):
                yield Place(f"rabbitmq queue {queue['name']}, by its files alone", "messages", [])
                continue
            messages = answer.raise_for_status().json()
            yield Place(
                f"rabbitmq queue {queue['name']}", "messages", [(len(messages), _json(messages))]
            )


def _of_one_consumer(queue: dict[str, Any]) -> bool:
    return bool(queue["arguments"].get("x-single-active-consumer"))


def _management(office: Office) -> httpx.Client:
    place, login = parted(office.servers.management_url)
    return httpx.Client(base_url=f"{place.rstrip('/')}/api/", auth=login, timeout=60)


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def files(folder: Path) -> Iterator[Place]:
    """Yield every file of a run, by the folder it lies in: logs, servers' data, lists, settings."""
    kinds: dict[str, list[Path]] = {}
    for file in sorted(folder.rglob("*")):
        steps = file.relative_to(folder).parts
        if file.is_file() and not file.is_symlink() and not set(steps) & set(_SECRETS):
            within = "/".join(steps[:3]) if steps[-2:-1] == ("log",) else "/".join(steps[:-1][:2])
            kinds.setdefault(within or steps[0], []).append(file)
    for name, found in kinds.items():
        yield Place(f"files {name}", "bytes", _contents(found))


def _contents(found: Iterable[Path]) -> Iterator[tuple[int, bytes]]:
    for file in found:
        try:
            raw = file.read_bytes()
        except FileNotFoundError:
            continue  # a server's own file, gone meanwhile
        yield len(raw), b""
        # A file that is packed as a whole is unpacked as a whole.
        if raw[:2] == b"\x1f\x8b":
            yield 0, raw
        full = b"\n".join(_ZEROS.split(raw))
        for start in range(0, len(full), BATCH):
            yield 0, full[max(0, start - OVERLAP) : start + BATCH]
        yield 0, str(file).encode()


def figures(office: Office) -> Iterator[Place]:
    """Yield what is shown to those who watch over it: metrics, readiness, the broker's lists."""
    stack = office.stack
    urls = {
        f"{path} of {service}": f"{stack.direct(service)}{path}"
        for service in stack.services
        for path in ("/metrics", "/readyz", "/healthz")
    }
    if office.servers.rabbitmq_metrics_url:
        urls["/metrics of rabbitmq"] = office.servers.rabbitmq_metrics_url
    for name, url in urls.items():
        yield _answer(name, httpx.get(url, timeout=30))
    with _management(office) as api:
        for path in ("overview", "definitions", "queues", "exchanges", "connections", "channels"):
            yield _answer(f"rabbitmq management {path}", api.get(path))


def _answer(name: str, answer: httpx.Response) -> Place:
    return Place(name, "bytes", [(len(answer.content), answer.content)])


def processes(office: Office) -> Iterator[Place]:
    """Yield the environment and the command line that each process was started with."""
    for name in office.stack.processes:
        process = Path(f"/proc/{office.stack.process(name).pid}")
        said = b"\n".join((process / kind).read_bytes() for kind in ("environ", "cmdline"))
        yield Place(f"process {name}", "bytes", [(len(said), said)])
