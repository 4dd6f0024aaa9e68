"""What a form at the office needs to know of a programme's channel: nobody's data."""

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Query

from services.intake.api.kit import Kit, Where, kit_fields
from services.intake.api.receipt import ReceiptTexts
from services.intake.domain import Programme, local_day
from services.intake.domain.counter import KIT_SHAPE, offered_in
from services.intake.usecases import Catalogues, Clock, Reader, Regions, current_catalogue
from shared.auth.roles import Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.event import Channel, ProgrammeId
from shared.runtime import gathered
from shared.web.guard import CallerDep
from shared.web.problems import Conflict, NotFound

RULES: Final[RouteRules] = {"GET /api/offices/{programme_id}": Rule({Role.OPERATOR})}


class OfficeKit(Kit):
    """All that is needed to write down a visit at the office."""

    shape: int = KIT_SHAPE
    channel: str
    account: str
    """Whose session it was asked with."""


router = APIRouter(prefix="/api/offices")


@dataclass(frozen=True, slots=True)
class Office:
    """What a kit is put together from."""

    reader: Reader
    catalogues: Catalogues
    regions: Regions
    receipts: ReceiptTexts
    clock: Clock


@router.get("/{programme_id}")
async def get_office(
    programme_id: Annotated[ProgrammeId, Path()],
    channel: Annotated[Channel, Query()],
    caller: CallerDep,
    parts: Annotated[Office, Depends(gathered(Office))],
) -> OfficeKit:
    """Return what can be asked for in a channel of a programme, and how it is typed.

    409 `channel_not_offered` where the programme takes nothing in this channel.
    """
    caller.regions(programme_id)
    programme = await parts.reader.get(Programme, programme_id)
    if programme is None:
        raise NotFound("programme")
    if channel not in programme.channels:
        why = "channel: the programme takes nothing in it"
        raise Conflict(why, reason="channel_not_offered")
    catalogue = await current_catalogue(programme, parts.catalogues)
    today = local_day(parts.clock(), programme.time_zone)
    offers = tuple(offered_in(channel, programme, catalogue))
    where = Where(channel, today, programme.region_code, offers)
    data_use = await parts.receipts.of(programme.id)
    fields = kit_fields(where, programme, catalogue, parts.regions, data_use)
    return OfficeKit(**fields, channel=channel, account=caller.subject)
