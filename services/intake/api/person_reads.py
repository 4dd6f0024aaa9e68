"""The access log, written before what it tells of is shown."""

import asyncio
from typing import Annotated

from fastapi import Header, Request

from services.intake.usecases import note_person_read
from shared.auth.roles import Caller
from shared.contracts.event import PublicText
from shared.runtime.commands import ANSWER_WITHIN, Commands
from shared.web.guard import asks_for_person
from shared.web.problems import Unavailable
from shared.web.scopekeys import ROUTE

AccessReason = Annotated[
    PublicText | None,
    Header(
        alias="Access-Reason",
        description="Why this person is looked at, for the access log; it names nobody.",
    ),
]
"""A header, not a part of the address: addresses are kept in the logs of every proxy."""


async def log_read(
    request: Request, caller: Caller, case_id: str, reason: str | None, commands: Commands
) -> None:
    """Keep the look at a case's person, committed when this returns.

    Raises Unavailable, and TooManyRequests for an account that has looked at too many persons.
    """
    asks_for_person(request, case_id)
    subject, route = caller.subject, f"{request.method} {request.scope[ROUTE]}"
    try:
        async with asyncio.timeout(ANSWER_WITHIN):
            await commands.run_own(
                lambda uow: note_person_read(subject, case_id, route, uow, reason),
                key=f"read:{case_id}",
            )
    except TimeoutError:
        raise Unavailable("the access log cannot be written") from None
