"""What reporting notes in its trail, besides what is done with evidence."""

from enum import StrEnum


class Deed(StrEnum):
    """What reporting notes in its trail (`shared/audit`), besides what is done with evidence."""

    TOTALS_REBUILT = "totals_rebuilt"
    """All totals were folded anew; noted before it begins."""
    HISTORY_SENT = "history_sent"
    """Archived events were sent to a queue: `said` has the types, and since when."""
