"""Work that goes on whatever fails: told in the log, tried again a while later."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

FIRST: Final = 5.0
"""Seconds until what has failed is tried again; twice as many after each further time."""
LONGEST: Final = 300.0

_log = logging.getLogger(__name__)


async def again_and_again(
    what: str, work: Callable[[], Awaitable[float]], failed: Callable[[], None]
) -> None:
    """Work until cancelled, each time after as many seconds as the last time asked for.

    A trail is watched because something may be wrong with it: an error of the driver or of what
    lies there must end neither the watch nor the service. `failed` is called for each.
    """
    pause = FIRST
    while True:
        try:
            wait = await work()
            pause = FIRST
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told and tried again
            # Its words may hold what lies in the database.
            _log.error("%s failed, again in %.0f s: %s", what, pause, type(error).__name__)
            failed()
            wait, pause = pause, min(2 * pause, LONGEST)
        await asyncio.sleep(wait)
