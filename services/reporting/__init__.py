"""Reporting: keeps every event, counts what they tell, and shows what was counted."""
