"""A look at somebody, or at what may show him, is kept before it is answered."""

import asyncio

from fastapi import Request

from shared.messaging.unit_of_work import UseCase
from shared.runtime.commands import ANSWER_WITHIN, Commands
from shared.web.guard import asks_for_person
from shared.web.problems import Unavailable


async def keep_look(request: Request, about: str, kept: UseCase, commands: Commands) -> None:
    """Count a look against its account's limit and have the use case keep it, committed on return.

    `about` is what is looked at. Raises TooManyRequests for an account that has looked at too many,
    and Unavailable.
    """
    asks_for_person(request, about)
    await keep_read(about, kept, commands)


async def keep_read(about: str, kept: UseCase, commands: Commands) -> None:
    """Have the use case keep what is read, where it shows no person. Raises Unavailable."""
    try:
        async with asyncio.timeout(ANSWER_WITHIN):
            await commands.run_own(kept, key=f"look:{about}")
    except TimeoutError:
        raise Unavailable("the look cannot be kept") from None
