"""Ends transactions that a killed process has left open.

The server would keep them, and the locks on all they wrote, until its own limit of ten seconds
(DECISIONS 9). Whoever is to do that work now would be refused so long, and others with it.
"""

import asyncio
import logging
from typing import Any, Final

from bson.binary import Binary

from shared.messaging.errors import Unavailable
from shared.mongo.client import Client, translated

IDLE_SECONDS: Final = 1.0
"""A transaction in which nothing has happened for so long is nobody's: ours take well under that.

One that still has an owner is only decided and committed again.
"""

_LOOK_SECONDS: Final = 0.5
_log = logging.getLogger(__name__)


async def end_abandoned(client: Client) -> int:
    """End this login's idle transactions; return how many. Raises Unavailable."""
    idle = {"type": "idleSession", "transaction.timeInactiveMicros": {"$gt": IDLE_SECONDS * 1e6}}
    operations: list[dict[str, Any]] = [
        {"$currentOp": {"idleSessions": True, "allUsers": False}},
        {"$match": idle},
        {"$project": {"lsid": 1}},
    ]
    with translated():
        found = await (await client.admin.aggregate(operations)).to_list(None)
        sessions = [{"id": Binary.from_uuid(one["lsid"]["id"])} for one in found]
        if sessions:
            await client.admin.command("killSessions", sessions)
    return len(sessions)


async def keep_ending_abandoned(client: Client) -> None:
    """Look for them twice a second, until cancelled."""
    while True:
        try:
            if ended := await end_abandoned(client):
                _log.warning("transactions that nobody went on with are ended: %d", ended)
        except Unavailable:
            # Said by all that need the database.
            pass
        except Exception:  # noqa: BLE001 - the server's own limit is the net
            _log.exception("abandoned transactions stay until the server's limit")
        await asyncio.sleep(_LOOK_SECONDS)
