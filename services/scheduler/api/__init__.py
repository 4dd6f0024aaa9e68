"""Scheduler over HTTP: events and their booths, the next ticket, who was served, who walked up."""

from services.scheduler.api.routes import PAGE, RULES, routes

__all__ = ["PAGE", "RULES", "routes"]
