"""Who carries in an RW, and the jobs that waited there."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime

from services.courier.domain import Area, Deed, Job, JobState, Place, Programme
from services.courier.usecases.job_events import assign
from services.courier.usecases.ports import Reader
from shared.audit.trail import note
from shared.messaging.errors import Unavailable
from shared.messaging.unit_of_work import OwnCommands, UnitOfWork

SETTLE_SECONDS = 2.0
"""Between two looks for open jobs of areas that have an agent."""


async def serve_area(
    programme_id: str, place: Place, agent_id: str, uow: UnitOfWork, *, waiting: Sequence[str] = ()
) -> int:
    """Put an agent in charge of an RW and give the agent these waiting jobs; return how many.

    More may wait than a unit should write; `settle_area` assigns the others.
    """
    await uow.require(Programme, programme_id)
    area = await _area(programme_id, place, uow)
    served = area.served_by(agent_id, uow.now())
    uow.add(served)
    note(Deed.AREA_SERVED, served.id, uow, agent_id)
    return await _assign_open(waiting, agent_id, uow)


async def settle_area(
    programme_id: str, place: Place, waiting: Sequence[str], uow: UnitOfWork
) -> int:
    """Give open jobs of an RW to its agent; return how many. Without any the area is settled."""
    area = await _area(programme_id, place, uow)
    if area.agent_id is None:
        return 0
    assigned = await _assign_open(waiting, area.agent_id, uow)
    settled = area.settle(uow.now())
    if not waiting and settled is not area:
        uow.add(settled)
    return assigned


class SettleAreas:
    """Assigns the open jobs of areas that have an agent.

    They were too many for the command, or were opened while the area got its agent.
    """

    def __init__(
        self, reader: Reader, commands: OwnCommands, clock: Callable[[], datetime]
    ) -> None:
        self._reader = reader
        self._commands = commands
        self._clock = clock

    async def run(self) -> None:
        """Look every few seconds until cancelled."""
        while True:
            try:
                assigned = await self.look()
            except Unavailable:
                assigned = 0
            await asyncio.sleep(0 if assigned else SETTLE_SECONDS)

    async def look(self) -> int:
        """Assign a page of jobs for each area where some may wait; return how many."""
        return sum([await self._settle(area) for area in await self._reader.unsettled()])

    async def _settle(self, area: Area) -> int:
        waiting = await self._reader.waiting(area.programme_id, area.place)
        if not waiting and area.settle(self._clock()) is area:
            return 0
        assigned = await self._commands.run_own(
            lambda uow: settle_area(area.programme_id, area.place, waiting, uow), key=area.id
        )
        return int(assigned)


async def _area(programme_id: str, place: Place, uow: UnitOfWork) -> Area:
    return await uow.get(Area, Area.key(programme_id, place)) or Area(programme_id, place)


async def _assign_open(job_ids: Sequence[str], agent_id: str, uow: UnitOfWork) -> int:
    jobs = [await uow.require(Job, job_id) for job_id in job_ids]
    still_open = [job for job in jobs if job.state is JobState.OPEN]
    for job in still_open:
        assign(job, agent_id, uow)
    return len(still_open)
