"""Who looked at a person: the access log."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class PersonRead:
    """One look at one case's person. It holds no personal data."""

    id: str
    subject: str
    """Pseudonymous account id of who read."""
    case_id: str
    at: datetime
    route: str
    """Method and template of the route, or the words of a shell command."""
    reason: str | None = None
    """Why, as the reader stated it; it names nobody."""
