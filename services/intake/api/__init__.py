"""Intake over HTTP: programmes, requests, cases, and a request's status by its code."""

from typing import Final

from services.intake.api import cases, programmes, requests, track
from shared.auth.rules import RouteRules

RULES: Final[RouteRules] = {**programmes.RULES, **requests.RULES, **cases.RULES, **track.RULES}
"""Which roles may use which route; programme and region are checked on what is asked for."""

ROUTERS: Final = (programmes.router, requests.router, cases.router, track.router)
