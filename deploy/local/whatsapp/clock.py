"""The sandbox's time: another clock's, moved by tests, so that windows and addresses run out."""

from collections.abc import Callable
from datetime import datetime, timedelta

Clock = Callable[[], datetime]


class MovableClock:
    """Runs with another clock until it is moved, or stands where it was put."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._standing: datetime | None = None
        self._moved = timedelta()

    def __call__(self) -> datetime:
        """Return the time, aware."""
        return (self._standing or self._clock()) + self._moved

    def advance(self, by: timedelta) -> None:
        """Let time pass."""
        self._moved += by

    def stand(self, at: datetime) -> None:
        """Stop at this time."""
        self._standing, self._moved = at, timedelta()

    def reset(self) -> None:
        """Run with the other clock again."""
        self._standing = None
        self._moved = timedelta()
