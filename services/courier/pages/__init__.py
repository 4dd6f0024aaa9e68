"""Courier's pages: what an agent has to do today."""

from pathlib import Path
from typing import Final

from services.courier.pages import tasks
from services.courier.pages.tasks import RULES, router
from shared.web.pages import NavItem

TEXTS: Final = Path(__file__).parents[1] / "texts.toml"

NAVIGATION: Final = (NavItem(tasks.TASKS, "navigation.tasks", tasks.AGENTS.roles),)

__all__ = ["NAVIGATION", "RULES", "TEXTS", "router"]
