"""What whoever is not served before the closing is offered, as event and programme have it."""

from dataclasses import replace
from typing import Any, Protocol, TypeVar

from services.scheduler.domain import Caution, Offer, OfferKind, Programme, ScheduledEvent

T = TypeVar("T")


class Known(Protocol):
    """What is kept: of a unit of work or as pages read it."""

    async def get(self, kept: type[T], id_: str) -> T | None:
        """Return what is kept under an id, or None."""
        ...


async def offers_of(event: ScheduledEvent, service: str, known: Known) -> list[Offer]:
    """Return the ways to a service beside this event: the planned ones, then the programme's."""
    planned = [offer for offer in event.plan.offers if offer.suits(service)]
    found = [await _resolved(offer, event, service, known) for offer in planned]
    programme = await known.get(Programme, event.plan.programme_id)
    own = programme.offers(service) if programme else ()
    return [*(offer for offer in found if offer is not None), *own]


async def _resolved(
    offer: Offer, event: ScheduledEvent, service: str, known: Known
) -> Offer | None:
    """Return an offer with its day, and another event with its place and hours; None: it is off."""
    if offer.kind is OfferKind.AFTERNOON_BOOTH:
        return replace(offer, on=event.plan.on)
    if offer.event_id is None:
        return offer
    other = await known.get(ScheduledEvent, offer.event_id)
    if other is None or not other.serves_who_missed(event, service):
        return None
    plan = other.plan
    return replace(offer, place=plan.place, on=plan.on, opens=plan.opens, closes=plan.closes)


async def no_way(event: ScheduledEvent, known: Known) -> Caution | None:
    """Return that there are services for which nothing can be offered to whoever is not served."""
    services = event.plan.ticketed_services
    without = [one for one in services if not await offers_of(event, one, known)]
    if not without:
        return None
    return Caution("no_offer", f"nothing to offer who is not served: {', '.join(without)}")


def told(offers: list[Offer]) -> list[dict[str, Any]]:
    """Return offers as plain data."""
    return [
        {
            "kind": one.kind.value,
            "place": one.place,
            "on": one.on.isoformat() if one.on else None,
            "opens": one.opens.isoformat("minutes") if one.opens else None,
            "closes": one.closes.isoformat("minutes") if one.closes else None,
            "event_id": one.event_id,
        }
        for one in offers
    ]
