"""Gate and booths of a day gone by: an importer brings in what they did, with its own times.

What devices did without uplink is another thing: it is of these days, and devices tell it
(`merging.py`).
"""

from datetime import datetime

from services.scheduler.domain import ScheduledEvent
from shared.auth.roles import Caller, Forbidden, Role
from shared.messaging.unit_of_work import UnitOfWork, UseCase


def happened(event_id: str, at: datetime | None, caller: Caller, use_case: UseCase) -> UseCase:
    """Return a use case as it is to be run: now, or as of `at` in the history of an event.

    For a history the caller has to be an importer beside what the use case asks for. Running it
    raises Missing, Forbidden, and Refused: not_over_yet, not_its_day.
    """
    if at is None:
        return use_case

    async def as_of(uow: UnitOfWork) -> object:
        event = await uow.require(ScheduledEvent, event_id)
        plan = event.plan
        if not caller.may({Role.IMPORTER}, programme=plan.programme_id, region=plan.region_code):
            raise Forbidden("only an importer says when something happened")
        event.require_history(at, uow.now())
        uow.as_of(at)
        return await use_case(uow)

    return as_of
