"""What leaves as a table: nothing in it may become a formula where it is opened."""

from typing import Final

_MARKS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""Spreadsheets take the wide ones for the same."""


def neutral(text: str) -> str:
    """Return a cell's text so that a spreadsheet shows it and does not calculate it."""
    return f"'{text}" if text.lstrip(" ").startswith(_MARKS) else text
