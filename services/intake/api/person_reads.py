"""The access log, written before what it tells of is shown."""

from typing import Annotated

from fastapi import Header, Request

from services.intake.usecases import note_person_read
from shared.audit.looks import keep_look
from shared.auth.roles import Caller
from shared.contracts.event import PublicText
from shared.runtime.commands import Commands
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
    subject, route = caller.subject, f"{request.method} {request.scope[ROUTE]}"
    await keep_look(
        request,
        case_id,
        lambda uow: note_person_read(subject, case_id, route, uow, reason),
        commands,
    )
