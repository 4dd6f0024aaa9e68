"""Reporting: keeps every event, counts what the events state, and shows the figures."""
