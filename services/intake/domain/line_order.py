"""In which order the lines of a programme's events are called: data, which scheduler follows."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class LineOrder:
    """The order of calls; without anything said, whoever joined first is next."""

    priority_every: int | None = None
    """Of so many calls at most one goes to somebody with priority before his turn."""
    recall_after: int | None = None
    """Who did not come is called again after so many more numbers."""
    no_show_minutes: int | None = None
    """Who has not come so long after his last call is a no-show."""
    weights: Mapping[str, int] = field(default_factory=dict)
    """How many calls in turn a booth gives each of its services."""
