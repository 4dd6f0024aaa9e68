"""Reporting over HTTP: figures, and the evidence of a programme's year."""

from typing import Final

from services.reporting.api import evidence, figures, satisfaction
from shared.auth.rules import RouteRules

RULES: Final[RouteRules] = {**figures.RULES, **satisfaction.RULES, **evidence.RULES}
"""Which roles may use which route; programme and region are checked on what is asked for."""
ROUTERS: Final = (figures.router, satisfaction.router, evidence.router)
