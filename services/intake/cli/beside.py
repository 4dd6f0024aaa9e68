"""What the commands share that publish a document which lies beside a programme."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from services.intake.app import Desk
from services.intake.cli.shell import ITSELF, by_shell
from services.intake.domain import Programme
from services.intake.domain.beside import Beside
from shared.runtime import sent_by

Publish = Callable[..., Awaitable[int | None]]
"""A use case: the document, the unit of work and `allow`; returns the version that counts."""


@dataclass(frozen=True, slots=True)
class Publishing:
    """One kind of document."""

    theme: str
    """The first word of its commands."""
    title: str
    """What it is called in a sentence."""

    async def one(self, wanted: Beside, desk: Desk, by: str, publish: Publish) -> str:
        """Publish a document; return what became of it, in a line."""
        outcome: Any = await desk.commands.run(
            lambda uow: publish(wanted, uow, allow=by_shell),
            sent=sent_by(by, f"{self.theme} publish"),
            key=wanted.programme_id,
        )
        about = f"{wanted.programme_id}: "
        if outcome.answer is None:
            return f"{about}no {self.title}; ours does not fit the programme as it stands"
        return f"{about}{self.title} {outcome.answer}"

    async def ours(self, shipped: Sequence[Beside], desk: Desk, publish: Publish) -> list[str]:
        """Publish those of ours whose programme is there; return a line for each."""
        there = {programme.id for programme in await desk.reader.find(Programme)}
        wanted = [one for one in shipped if one.programme_id in there]
        return [await self.one(one, desk, ITSELF, publish) for one in wanted]
