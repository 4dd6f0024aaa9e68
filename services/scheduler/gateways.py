"""The national calendar, as the package `holidays` knows it."""

from datetime import date
from typing import Final

import holidays

_CATEGORIES: Final = ("public", "government")
"""`government` holds cuti bersama, which the package's default leaves out."""


class NationalCalendar:
    """`usecases.Holidays` of Indonesia, names in Indonesian.

    Islamic feasts and collective leave of years without a decree are estimates.
    """

    def __init__(self) -> None:
        self._days = holidays.country_holidays("ID", categories=_CATEGORIES, language="id")

    def on(self, day: date) -> str | None:
        """Return the name of the public holiday or collective leave day; None where none is."""
        return self._days.get(day)
