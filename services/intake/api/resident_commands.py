"""Commands about one resident over HTTP: run, and checked again where they were replayed."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Path

from services.intake.api.rights import allowed, replayed_resident
from services.intake.usecases import Allow, Reader
from shared.contracts.event import AggregateId
from shared.messaging.unit_of_work import UnitOfWork
from shared.runtime import CommandsDep, SentDep, built, provided
from shared.web.guard import CallerDep

ResidentPath = Annotated[AggregateId, Path()]
ReaderDep = Annotated[Reader, Depends(provided(Reader))]
Act = Callable[[str, UnitOfWork, Allow], Awaitable[dict[str, Any]]]
"""What is done about a resident of this id; its answer names his requests as `cases`."""


@dataclass(frozen=True, slots=True)
class ResidentCommand:
    """One command of one caller about the resident whom the path names."""

    resident_id: ResidentPath
    caller: CallerDep
    commands: CommandsDep
    reader: ReaderDep
    sent: SentDep

    async def run(self, act: Act) -> dict[str, Any]:
        """Return what it answers. Raises what `Commands.run` raises, and Forbidden at a replay."""
        outcome = await self.commands.run(
            lambda uow: act(self.resident_id, uow, allowed(self.caller)),
            sent=self.sent,
            key=self.resident_id,
        )
        await replayed_resident(outcome, self.caller, self.reader)
        answer: dict[str, Any] = outcome.answer
        return answer


ResidentCommandDep = Annotated[ResidentCommand, Depends(built(ResidentCommand))]
