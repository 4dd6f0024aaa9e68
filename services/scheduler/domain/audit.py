"""What scheduler notes in its trail (`shared/audit`), besides what is done with evidence."""

from enum import StrEnum


class Deed(StrEnum):
    """What was done."""

    AGENCY_NAMED = "agency_named"
    """An agency of a programme got its name or kind: `said` has the kind."""
    EVENT_PLANNED = "event_planned"
    """`said` has the version and whose the booths are: an agency's operators act at its own."""
    EVENT_CANCELLED = "event_cancelled"
    """`said` has the version."""
    LINE_CLOSED = "line_closed"
    """Somebody at a booth ended a line after the closing: `said` has its service, and how many
    waited. What the end of the day closes was nobody's deed."""
    EVENT_REPUBLISHED = "event_republished"
    POLICY_CHANGED = "policy_changed"
    """In which order a programme's lines are called: `said` has the programme's version."""
