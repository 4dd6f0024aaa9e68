"""Reporting's rules and values: standard library only, no clock, no IO."""

from services.reporting.domain.copies import Booth, EventPlan, Programme, lies_in
from services.reporting.domain.counting import (
    NONE,
    SUB_DISTRICT,
    Amounts,
    By,
    Cell,
    Difference,
    Fact,
    Measure,
    Totals,
    amounts,
    cells,
    coarsened,
    differences,
    fold,
)
from services.reporting.domain.period import MAX_DAYS, Period, Refused

__all__ = [
    "MAX_DAYS",
    "NONE",
    "SUB_DISTRICT",
    "Amounts",
    "Booth",
    "By",
    "Cell",
    "Difference",
    "EventPlan",
    "Fact",
    "Measure",
    "Period",
    "Programme",
    "Refused",
    "Totals",
    "amounts",
    "cells",
    "coarsened",
    "differences",
    "fold",
    "lies_in",
]
