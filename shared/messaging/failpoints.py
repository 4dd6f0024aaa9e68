"""The gaps between two steps of a message, by name, and a way to die in one of them.

`JEMPUT_FAILPOINT=commit.after:3` kills the process, as `kill -9` would, the third time it comes to
that gap. Without the variable a gap costs one comparison. Meant for tests; harmless elsewhere.
"""

import asyncio
import os
import signal
from typing import Final

FAILPOINTS: Final = (
    "consume.received",  # delivered, nothing done
    "commit.before",  # decided, no transaction yet
    "commit.written",  # inside the transaction, before its commit
    "commit.after",  # committed, neither answered, acknowledged nor published
    "consume.before_ack",  # settled, not acknowledged
    "consume.after_ack",
    "publish.before",  # taken from the outbox, not sent
    "publish.after",  # confirmed by the broker, the row still there
    "clear.after",  # row gone
    "relay.adopted",  # rows of a dead instance are ours, unpublished
    "deferred.released",  # back in the outbox, unpublished
    "retry.published",  # in the retry queue, the original not acknowledged
    "dead_letter.published",  # in the dead-letter queue, the original not acknowledged
    "timers.taken",  # noted as being sent, not sent
    "timers.published",  # confirmed by the broker, not noted as sent
    "timers.noted",  # noted as sent
    "projection.folded",  # reporting: counted, before the next round
)


class _Armed:
    """Which gap is deadly and after how many passages; read once from the environment."""

    def __init__(self, setting: str) -> None:
        self.name, _, count = setting.partition(":")
        self.left = int(count or "1")
        if self.name and self.name not in FAILPOINTS:
            raise ValueError(f"JEMPUT_FAILPOINT names no failpoint: {self.name}")


_ARMED = _Armed(os.environ.get("JEMPUT_FAILPOINT", ""))


async def failpoint(name: str) -> None:
    """Pass the gap, or die in it."""
    if _ARMED.name != name:
        return
    _ARMED.left -= 1
    if _ARMED.left <= 0:
        # Lets what was written to sockets before the gap leave, as it would in a real crash.
        await asyncio.sleep(0)
        os.kill(os.getpid(), signal.SIGKILL)
