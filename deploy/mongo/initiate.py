"""First start of the MongoDB of docker-compose.yml: a replica set of one, with an administrator.

MongoDB lets the first user be made without a password, to a client on its own loopback only. So
this runs in mongod's network, and speaks to one address while the set knows its member by another.
"""

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path

from pymongo import MongoClient
from pymongo.errors import AutoReconnect, OperationFailure

from deploy.local import replica

LOOPBACK = "127.0.0.1:27017"
SECONDS = 60.0
_POLL_SECONDS = 0.2
_NO_SUCH_LOGIN = 18


def prepared(address: str, member: str, password: str) -> bool:
    """Take the next step; True once `member` is primary and the administrator can log in.

    Idempotent: a start that was cut off between two steps goes on where it stopped.
    """
    try:
        with replica.connected(replica.url(address, password)) as client:
            return bool(client.admin.command("hello")["isWritablePrimary"])
    except OperationFailure as error:
        if error.code != _NO_SUCH_LOGIN:
            raise
    with replica.connected(f"mongodb://{address}/?directConnection=true") as client:
        _found(client, member, password)
    return False


def _found(client: MongoClient[replica.Document], member: str, password: str) -> None:
    hello = client.admin.command("hello")
    if "setName" not in hello:
        members = [{"_id": 0, "host": member}]
        client.admin.command("replSetInitiate", {"_id": replica.NAME, "members": members})
    elif hello["isWritablePrimary"]:
        client.admin.command("createUser", replica.USER, pwd=password, roles=["root"])


def wait(step: Callable[[], bool], seconds: float = SECONDS) -> None:
    """Repeat `step` until it holds; TimeoutError with the last reason when it does not."""
    end, reason = time.monotonic() + seconds, "no primary"
    while time.monotonic() < end:
        try:
            if step():
                return
        except AutoReconnect as error:
            reason = str(error)
        time.sleep(_POLL_SECONDS)
    raise TimeoutError(f"MongoDB is not ready after {seconds:g} s: {reason}")


def main() -> None:
    """Prepare the mongod on this loopback, with the password of the secrets folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--member", required=True, help="how the set knows it: mongo:27017")
    member = parser.parse_args().member
    password = (Path(os.environ["JEMPUT_SECRETS"]) / "mongo_root_password").read_text()
    wait(lambda: prepared(LOOPBACK, member, password))
    print(f"replica set {replica.NAME} has its primary, {member}")


if __name__ == "__main__":
    main()
