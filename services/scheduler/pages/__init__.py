"""Scheduler's pages: what an operator works with at a booth."""

from pathlib import Path
from typing import Final

from services.scheduler.pages import booth, choice, closing
from shared.auth.rules import RouteRules
from shared.web.pages import NavItem

TEMPLATES: Final = Path(__file__).parents[1] / "templates"
STATIC: Final = Path(__file__).parents[1] / "static"
TEXTS: Final = Path(__file__).parents[1] / "texts.toml"

NAVIGATION: Final = (NavItem(choice.FLOOR, "navigation.floor", choice.OPERATORS.roles),)
RULES: Final[RouteRules] = {**choice.RULES, **booth.RULES, **closing.RULES}
ROUTERS: Final = (choice.router, booth.router, closing.router)

__all__ = ["NAVIGATION", "ROUTERS", "RULES", "STATIC", "TEMPLATES", "TEXTS"]
