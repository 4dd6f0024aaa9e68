"""Intake over HTTP: programmes, requests and their steps, and a request's status by its code."""

from typing import Final

from services.intake.api import programmes, requests, track
from services.intake.api.parts import Parts
from shared.auth.rules import RouteRules

RULES: Final[RouteRules] = {**programmes.RULES, **requests.RULES, **track.RULES}
"""Which roles may use which route; programme and region are held against the thing itself."""

ROUTERS: Final = (programmes.routes, requests.routes, track.routes)

__all__ = ["ROUTERS", "RULES", "Parts"]
