"""Scheduler: events with their booths, and the lines of people who wait at them."""
