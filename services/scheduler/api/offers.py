"""Offers over HTTP, as people are told them."""

from datetime import date

from pydantic import BaseModel

from services.scheduler.domain import OfferKind


class OfferAnswer(BaseModel):
    """Another way to the same service, with where and when as far as that is known.

    `opens` and `closes` are local to the programme.
    """

    kind: OfferKind
    place: str | None
    on: date | None
    opens: str | None
    closes: str | None
    event_id: str | None
