"""What residents do themselves, without an account: they ask for a service by page."""

from dataclasses import dataclass
from typing import Any, Final

from services.intake.domain import ONLINE, Holidays, LookupKeys, NewRequest, Refused
from services.intake.usecases.ports import Catalogues, Limiter, Vault
from services.intake.usecases.requests import record_request
from shared.messaging.unit_of_work import UnitOfWork

RESIDENT: Final = "resident"
"""The actor of what residents do themselves; they have no account."""


@dataclass(frozen=True, slots=True)
class ResidentLimits:
    """How often residents may ask, and send papers."""

    ask: Limiter
    """Requests of one address."""
    send: Limiter
    """Papers of one address, and of one case."""


async def ask(
    new: NewRequest,
    uow: UnitOfWork,
    *,
    holidays: Holidays,
    lookups: LookupKeys,
    vault: Vault,
    catalogues: Catalogues,
) -> dict[str, Any]:
    """Record what a resident asks for by page; raises what `record_request` raises.

    Refused where it is not asked by page, where somebody would have to come to a door, or at an
    event: whoever has no account states none of these.
    """
    if new.channel != ONLINE or new.at_home or new.event_id is not None:
        raise Refused("not_by_page", "channel: residents ask by page alone")
    return await record_request(
        new,
        uow,
        holidays=holidays,
        lookups=lookups,
        vault=vault,
        allow=_anybody,
        catalogues=catalogues,
    )


def _anybody(*, programme: str, office: str, domicile: str, backdated: bool) -> None:
    """Let everybody ask, wherever he lives; the programme says by its channels whether at all."""
    del programme, office, domicile, backdated
