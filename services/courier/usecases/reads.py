"""What people of the office look at, kept before it is shown."""

from services.courier.domain import Deed
from shared.audit.trail import note
from shared.messaging.unit_of_work import UnitOfWork


async def note_read(deed: Deed, about: str, subject: str, uow: UnitOfWork, *said: str) -> None:
    """Note who looks at what."""
    note(deed, about, uow, *said, actor=subject)
