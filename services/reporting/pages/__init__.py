"""The page of an event's figures, live, the list that leads to it, and what surveys came to."""

from typing import Final

from services.reporting.pages import routes, satisfaction
from services.reporting.pages.board import Board
from services.reporting.pages.routes import TEXTS
from shared.auth.rules import RouteRules

NAVIGATION: Final = (*routes.NAVIGATION, *satisfaction.NAVIGATION)
RULES: Final[RouteRules] = {**routes.RULES, **satisfaction.RULES}
ROUTERS: Final = (routes.router, satisfaction.router)

__all__ = ["NAVIGATION", "ROUTERS", "RULES", "TEXTS", "Board"]
