"""Makes a mongod that has just started a replica set of one, with an administrator.

The driver is used here directly, synchronously: these are commands to a bare server before any
service of the project may use it, and the services' own client (`shared.mongo`) is not for that.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from pymongo import MongoClient
from pymongo.errors import ConnectionFailure, OperationFailure, PyMongoError

NAME = "rs0"
USER = "root"
_UNAUTHORIZED = 13
_AUTHENTICATION_FAILED = 18
_MILLISECONDS = 3_000

Document = dict[str, Any]


def url(address: str, password: str, options: str = "") -> str:
    """Administrator's URL; direct, since the set's only member is the one addressed.

    `options` is what else it says, about TLS: `tls=true&tlsCAFile=...`.
    """
    login = f"authSource=admin{options and '&' + options}"
    return _direct(f"{USER}:{quote(password, safe='')}@{address}", login)


@contextmanager
def connected(mongo_url: str) -> Iterator[MongoClient[Document]]:
    """Short-lived client that gives up soon."""
    with MongoClient[Document](
        mongo_url, serverSelectionTimeoutMS=_MILLISECONDS, socketTimeoutMS=_MILLISECONDS
    ) as client:
        yield client


def version(mongo_url: str) -> str:
    """Version of the server; `PyMongoError` when it does not answer or refuses."""
    with connected(mongo_url) as client:
        return str(client.admin.command("buildInfo")["version"])


def has_primary(mongo_url: str) -> bool:
    """Whether this is a replica set that can be written to: what transactions need."""
    with connected(mongo_url) as client:
        hello = client.admin.command("hello")
    return "setName" in hello and bool(hello["isWritablePrimary"] or hello.get("primary"))


def answers(address: str) -> bool:
    """Whether a mongod answers there, in whatever state."""
    try:
        with connected(_direct(address)) as client:
            client.admin.command("hello")
    except PyMongoError:
        return False
    return True


def is_guarded(address: str) -> bool:
    """Whether a mongod answers there that refuses strangers."""
    try:
        with connected(_direct(address)) as client:
            client.admin.command("listDatabases")
    except OperationFailure as error:
        return error.code == _UNAUTHORIZED
    except ConnectionFailure:
        return False
    return False


def prepared(address: str, password: str) -> bool:
    """Like `advance`; a server that drops connections, changing its state, is not there yet."""
    try:
        return advance(address, password)
    except ConnectionFailure:
        return False


def advance(address: str, password: str, member: str | None = None, options: str = "") -> bool:
    """Take the next step towards a primary with an administrator; True once it is there.

    `address` is where mongod answers us, on its own loopback the first time; `member` what the set
    calls it where that differs; `options` as in `url`. Idempotent: a start that was cut off between
    two steps goes on where it stopped. Raises ConnectionFailure while the server is away or changes
    its state.
    """
    administrator = url(address, password, options)
    if _accepts(administrator):
        with connected(administrator) as client:
            _place(client, member or address)
            return bool(client.admin.command("hello")["isWritablePrimary"])
    with connected(_direct(address, options)) as client:
        _found(client, member or address, password)
    return False


def _accepts(administrator: str) -> bool:
    try:
        with connected(administrator) as client:
            client.admin.command("connectionStatus")
    except OperationFailure as error:
        if error.code == _AUTHENTICATION_FAILED:
            return False
        raise
    return True


def _direct(place: str, options: str = "") -> str:
    return f"mongodb://{place}/?directConnection=true{options and '&' + options}"


def _found(client: MongoClient[Document], member: str, password: str) -> None:
    """First start: mongod lets an unknown local client make the set and the first user."""
    hello = client.admin.command("hello")
    if "setName" not in hello:
        members = [{"_id": 0, "host": member}]
        client.admin.command("replSetInitiate", {"_id": NAME, "members": members})
    elif hello["isWritablePrimary"]:
        client.admin.command("createUser", USER, pwd=password, roles=["root"])


def _place(client: MongoClient[Document], member: str) -> None:
    """Tell the set its member's address when data is opened at another one than before."""
    configuration = client.local["system.replset"].find_one() or {}
    members = configuration.get("members", [])
    if not members or members[0]["host"] == member:
        return
    moved = [members[0] | {"host": member}]
    changed = configuration | {"members": moved, "version": configuration["version"] + 1}
    client.admin.command("replSetReconfig", changed, force=True)
