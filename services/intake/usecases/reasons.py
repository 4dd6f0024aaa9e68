"""Reasons as people type them."""

from services.intake.domain import MAX_REASON
from shared.contracts.text import holds_number


def says_why(reason: str) -> bool:
    """Return whether a reason was given that may be kept: short, and without anybody's number."""
    return 0 < len(reason) <= MAX_REASON and not holds_number(reason)
