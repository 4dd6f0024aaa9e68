"""Intake's pages: the front door of the origin (start page, sign-in), tracking, services."""

from pathlib import Path
from typing import Final

from services.intake.pages import services, signin, start, tracking
from services.intake.pages.start import Neighbours
from shared.auth.rules import RouteRules
from shared.web.pages import NavItem

TEMPLATES: Final = Path(__file__).parents[1] / "templates"
STATIC: Final = Path(__file__).parents[1] / "static"
NAVIGATION: Final = (
    NavItem(services.SERVICES, "navigation.services"),
    NavItem(tracking.TRACK, "navigation.tracking"),
)

FRONT_RULES: Final[RouteRules] = {**start.RULES, **signin.RULES}
FRONT_ROUTERS: Final = (start.router, signin.router)
"""These lie at the root of the origin; no other service has any there."""

RULES: Final[RouteRules] = {**tracking.RULES, **services.RULES}
ROUTERS: Final = (tracking.router, services.router)

__all__ = [
    "FRONT_ROUTERS",
    "FRONT_RULES",
    "NAVIGATION",
    "ROUTERS",
    "RULES",
    "STATIC",
    "TEMPLATES",
    "Neighbours",
]
