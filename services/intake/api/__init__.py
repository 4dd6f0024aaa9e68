"""Intake over HTTP: programmes, requests, cases, papers, and a request's status by its code."""

from typing import Final

from services.intake.api import cases, papers, programmes, requests, track
from shared.auth.rules import RouteRules

RULES: Final[RouteRules] = {
    **programmes.RULES,
    **requests.RULES,
    **cases.RULES,
    **papers.RULES,
    **track.RULES,
}
"""Which roles may use which route; programme and region are checked on what is asked for."""

ROUTERS: Final = (programmes.router, requests.router, cases.router, papers.router, track.router)
