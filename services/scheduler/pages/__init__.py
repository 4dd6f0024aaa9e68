"""Scheduler's pages: booths, gate, screens and devices of an event, and one's place in line."""

from pathlib import Path
from typing import Final

from services.scheduler.pages import board, booth, choice, closing, gate, place, watch
from shared.auth.rules import RouteRules
from shared.web.pages import NavItem

TEXTS: Final = Path(__file__).parents[1] / "texts.toml"

NAVIGATION: Final = (
    NavItem(gate.GATE, "navigation.gate", gate.GATEKEEPERS.roles),
    NavItem(choice.FLOOR, "navigation.floor", choice.OPERATORS.roles),
    NavItem(watch.WATCH, "navigation.watch", watch.SUPERVISORS.roles),
)
RULES: Final[RouteRules] = {
    **choice.RULES,
    **booth.RULES,
    **closing.RULES,
    **gate.RULES,
    **board.RULES,
    **place.RULES,
    **watch.RULES,
}
ROUTERS: Final = (
    choice.router,
    booth.router,
    closing.router,
    gate.router,
    board.router,
    place.router,
    watch.router,
)

__all__ = ["NAVIGATION", "ROUTERS", "RULES", "TEXTS"]
