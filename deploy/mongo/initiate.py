"""First start of the MongoDB of docker-compose.yml: a replica set of one, with an administrator.

MongoDB lets the first user be made without a password, to a client on its own loopback only. So
this runs in mongod's network, and speaks to one address while the set knows its member by another.
"""

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path

from pymongo.errors import ConnectionFailure

from deploy.compose import addresses
from deploy.local import replica

LOOPBACK = "127.0.0.1:27017"
SECONDS = 60.0
_POLL_SECONDS = 0.2


def wait(step: Callable[[], bool], seconds: float = SECONDS) -> None:
    """Repeat `step` until it holds; TimeoutError with the last reason when it does not."""
    end, reason = time.monotonic() + seconds, "no primary"
    while time.monotonic() < end:
        try:
            if step():
                return
        except ConnectionFailure as error:
            reason = str(error)
        time.sleep(_POLL_SECONDS)
    raise TimeoutError(f"MongoDB is not ready after {seconds:g} s: {reason}")


def main() -> None:
    """Prepare the mongod on this loopback, with the password of the secrets folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--member", required=True, help="how the set knows it: mongo:27017")
    member = parser.parse_args().member
    secrets = Path(os.environ["JEMPUT_SECRETS"])
    password = (secrets / "mongo_root_password").read_text()
    tls = addresses.mongo_options(str(secrets / addresses.CA))
    wait(lambda: replica.advance(LOOPBACK, password, member, tls))
    print(f"replica set {replica.NAME} has its primary, {member}")


if __name__ == "__main__":
    main()
