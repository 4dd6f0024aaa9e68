"""A projector as a process of its own, to be killed: `python -m ... DATABASE`."""

import asyncio
import os
import sys

from tests.unit.reporting.house import houses


async def main(database: str) -> None:
    """Count what there is."""
    async with houses(os.environ["MONGO_URL"], database, "doomed", lease=2) as (house,):
        await house.count_all()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
