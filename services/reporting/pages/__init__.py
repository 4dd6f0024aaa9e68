"""The page of an event's figures, live, and the list that leads to it."""

from services.reporting.pages.board import Board
from services.reporting.pages.routes import NAVIGATION, RULES, TEXTS, router

__all__ = ["NAVIGATION", "RULES", "TEXTS", "Board", "router"]
