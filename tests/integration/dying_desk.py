"""A desk in a process of its own, which dies whenever it handles the case `killer`.

`python -m tests.integration.dying_desk AMQP_URL MONGO_URL DATABASE` runs until it is terminated.
"""

import asyncio
import os
import sys
from types import SimpleNamespace
from typing import Any, cast

from shared.runtime import run
from tests.integration.kernel_kit import build_desk

DIED = 9


def _die_of_killer(case: str) -> Exception | None:
    if case == "killer":
        os._exit(DIED)
    return None


def main(amqp_url: str, mongo_url: str, database: str) -> None:
    """Run the desk as its process would."""

    async def serve() -> None:
        servers = cast("Any", SimpleNamespace(mongo_url=mongo_url))
        desk = build_desk(servers, amqp_url, database)
        desk.trouble = _die_of_killer
        await run(desk.service)

    asyncio.run(serve())


if __name__ == "__main__":
    main(*sys.argv[1:])
