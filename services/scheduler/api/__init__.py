"""Scheduler over HTTP: a file for each theme, with bodies, routes, answers and their rules.

The rules say which roles may use which route; programme and region are held against the event.
"""

from typing import Final

from services.scheduler.api import (
    agencies,
    arrivals,
    booths,
    closing,
    conflicts,
    events,
    evidence,
    leases,
    plans,
    programmes,
    screens,
)
from services.scheduler.api.events import PAGE
from shared.auth.rules import RouteRules

RULES: Final[RouteRules] = {
    **plans.RULES,
    **events.RULES,
    **booths.RULES,
    **closing.RULES,
    **agencies.RULES,
    **arrivals.RULES,
    **evidence.RULES,
    **leases.RULES,
    **conflicts.RULES,
    **programmes.RULES,
    **screens.RULES,
}
ROUTERS: Final = (
    plans.router,
    events.router,
    booths.router,
    closing.router,
    arrivals.router,
    evidence.router,
    leases.router,
    conflicts.router,
    programmes.router,
    agencies.router,
    screens.router,
)

__all__ = ["PAGE", "ROUTERS", "RULES"]
