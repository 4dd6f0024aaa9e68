"""A machine's token is made known before it is shown, and ended before its time."""

from datetime import datetime
from typing import Final

from services.intake.domain import EVERY_TOKEN, Deed, MachineToken
from shared.audit.trail import note
from shared.auth.tokens import LEEWAY, MAX_LIFETIME
from shared.contracts.intake import AccessKind, AccessRevoked
from shared.messaging.revocations import note_revocation
from shared.messaging.unit_of_work import UnitOfWork

_LONGER: Final = 2 * LEEWAY
"""How much longer than a token its end is remembered: clocks stand apart."""


async def note_token(token: MachineToken, uow: UnitOfWork) -> None:
    """Keep in the trail that a machine has a token."""
    note(Deed.MACHINE_TOKEN, token.name, uow, *token.said)


async def end_token(token: MachineToken, reason: str, uow: UnitOfWork) -> None:
    """End one token of a machine everywhere; ended again, all services are told again."""
    if token.id is None:
        raise ValueError("a token without an id cannot be ended alone")
    note(Deed.MACHINE_ENDED, token.name, uow, token.id, reason)
    await _publish_ended(token.id, AccessKind.TOKEN, token.until, uow)


async def end_machine(name: str, reason: str, uow: UnitOfWork) -> None:
    """End every token that a machine has so far, whoever made them and for how long."""
    note(Deed.MACHINE_ENDED, name, uow, EVERY_TOKEN, reason)
    await _publish_ended(name, AccessKind.MACHINE, uow.now() + MAX_LIFETIME, uow)


async def _publish_ended(
    access_id: str, kind: AccessKind, until: datetime, uow: UnitOfWork
) -> None:
    event = AccessRevoked(
        access_id=access_id, kind=kind, revoked_at=uow.now(), until=until + _LONGER
    )
    revocation = await note_revocation(event, uow)
    uow.publish(event, version=revocation.version)
