"""SOPs: published whole, one programme's apart from every other's."""

from typing import Final

from services.intake.domain import Programme
from services.intake.domain.sop import Sop
from services.intake.usecases.beside import Place, publish_beside, publish_beside_if_missing
from services.intake.usecases.programmes import AllowProgramme
from shared.messaging.unit_of_work import UnitOfWork

_PLACE: Final = Place(Sop, lambda programme: programme.sop_version, Programme.with_sop)


async def publish_sop(wanted: Sop, uow: UnitOfWork, *, allow: AllowProgramme) -> int:
    """Publish an SOP as it shall stand, and return its version: `publish_beside`."""
    return await publish_beside(wanted, _PLACE, uow, allow=allow)


async def publish_sop_if_missing(
    wanted: Sop, uow: UnitOfWork, *, allow: AllowProgramme
) -> int | None:
    """Publish an SOP where its programme has none: `publish_beside_if_missing`."""
    return await publish_beside_if_missing(wanted, _PLACE, uow, allow=allow)
