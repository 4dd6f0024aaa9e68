"""The published language: one file per producer, generated schemas and examples beside it.

Depends on pydantic alone, so that a partner can read or vendor it without the rest.
"""

from types import MappingProxyType

from shared.contracts import courier, intake, reporting, scheduler
from shared.contracts.event import Event

_PRODUCERS = (intake, scheduler, courier, reporting)
CATALOGUE: MappingProxyType[str, type[Event]] = MappingProxyType(
    {event.type: event for module in _PRODUCERS for event in module.EVENTS}
)
"""Every event class by its type. Explicit: what is not listed here does not exist."""

__all__ = ["CATALOGUE", "Event"]
