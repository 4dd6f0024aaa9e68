"""Users of MongoDB: each service reads and writes its own database and nothing else.

A service's `database.toml` may name `apart`, parts of its data that lie in databases of their own,
and may grant less: the collections that are written at will, and those to which documents are only
added. `AddedTo` is such a part for every service, whatever its file says.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pymongo.errors import OperationFailure

from shared.mongo.client import Client
from shared.mongo.migrations import MESSAGING_COLLECTIONS, Index, create_missing, migrate

TRANSACTION_SECONDS = 10
"""After so long the server ends a transaction that nobody commits; ours take well under one."""

_USER_EXISTS = 51003
_ROLE_EXISTS = 51002
_ADD = ("find", "insert", "listIndexes")
_WRITE = (*_ADD, "update", "remove", "createCollection", "createIndex", "changeStream")


@dataclass(frozen=True, slots=True)
class Rights:
    """What a service does with its collections, besides those of messaging."""

    written: tuple[str, ...] | None
    """Collections that are written at will; None: all."""
    added_to: Mapping[str, tuple[Index, ...]]
    """Append-only collections with their indexes, which provisioning makes."""
    apart: tuple[str, ...] = ()
    """Parts of the data, each in a database `<database>_<part>`, written at will."""


@dataclass(frozen=True, slots=True)
class AddedTo:
    """A part of the data, a database `<database>_<part>`, to which documents are only added.

    Its collections and indexes are made by provisioning: who may make an index may have one that
    lets documents expire.
    """

    part: str
    collections: tuple[str, ...]
    indexes: tuple[Index, ...]


def read_rights(file: Path) -> Rights | None:
    """Return the content of a service's `database.toml`; None where it has none."""
    if not file.exists():
        return None
    said = tomllib.loads(file.read_text("utf-8"))
    added_to = {
        name: tuple(Index(name, tuple((key, 1) for key in keys)) for keys in indexes)
        for name, indexes in said.get("append_only", {}).items()
    }
    written = tuple(said["collections"]) if "collections" in said else None
    return Rights(written, added_to, tuple(said.get("apart", ())))


async def ensure_user(
    client: Client,
    service: str,
    password: str,
    database: str,
    rights: Rights | None = None,
    added_to: Iterable[AddedTo] = (),
) -> None:
    """Create a service's user in its own database, or set its password and rights anew."""
    role = {"role": "readWrite", "db": database}
    if rights is not None and rights.written is not None:
        indexes = [index for some in rights.added_to.values() for index in some]
        await migrate(client[database], list(rights.added_to), indexes)
        role = {"role": service, "db": database}
        written = {*rights.written, *MESSAGING_COLLECTIONS}
        granted = {"privileges": list(_privileges(written, rights.added_to, database)), "roles": []}
        await _ensure(client[database], "Role", service, granted, _ROLE_EXISTS)
    parts = [f"{database}_{part}" for part in rights.apart] if rights else []
    roles = [role, *({"role": "readWrite", "db": part} for part in parts)]
    roles += [await _adding(client, service, database, one) for one in added_to]
    said = {"pwd": password, "roles": roles}
    await _ensure(client[database], "User", service, said, _USER_EXISTS)


async def _adding(client: Client, service: str, database: str, added_to: AddedTo) -> dict[str, str]:
    """Make a part and the role that adds to it; return the role as a user has it."""
    part = f"{database}_{added_to.part}"
    await create_missing(client[part], added_to.collections, added_to.indexes)
    granted = {"privileges": list(_privileges((), added_to.collections, part)), "roles": []}
    await _ensure(client[part], "Role", service, granted, _ROLE_EXISTS)
    return {"role": service, "db": part}


async def _ensure(database: Any, kind: str, name: str, said: Mapping[str, Any], code: int) -> None:
    try:
        await database.command({f"create{kind}": name, **said})
    except OperationFailure as refused:
        if refused.code != code:
            raise
        await database.command({f"update{kind}": name, **said})


def _privileges(
    written: Iterable[str], added_to: Iterable[str], database: str
) -> Iterable[dict[str, Any]]:
    yield {"resource": {"db": database, "collection": ""}, "actions": ["listCollections"]}
    for names, actions in ((written, _WRITE), (added_to, _ADD)):
        for name in sorted(names):
            yield {"resource": {"db": database, "collection": name}, "actions": list(actions)}


async def limit_transactions(client: Client, seconds: int = TRANSACTION_SECONDS) -> None:
    """Have the server end transactions that nobody commits, until it restarts.

    A process that is killed inside a transaction leaves it open on the server, and with it locks
    on everything it wrote: by default for 60 s, in which its successor could not go on. Servers
    that we start have it in their configuration too; for a given one the command is the only way.
    """
    await client.admin.command("setParameter", 1, transactionLifetimeLimitSeconds=seconds)
