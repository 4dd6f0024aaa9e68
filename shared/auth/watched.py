"""A file that is read again when it has changed: keys are rotated while services run."""

import logging
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Final, Generic, TypeVar

from shared.auth.keys import InvalidKey

EVERY: Final = 2.0
"""Seconds after which a file is looked at again: how long a retired key is still believed."""

T = TypeVar("T")
_State = tuple[int, int, int] | None

_log = logging.getLogger(__name__)


class Watched(Generic[T]):
    """What a file holds, at most EVERY seconds old.

    The first reading raises what `load` raises. A later one that fails is logged and changes
    nothing: what was good goes on, and the file is read again when it changes.
    """

    def __init__(
        self,
        path: Path,
        load: Callable[[Path], T],
        *,
        timer: Callable[[], float] = monotonic,
    ) -> None:
        self._path = path
        self._load = load
        self._timer = timer
        self._looked_at = timer()
        self._state = _state(path)
        self._value = load(path)

    def current(self) -> T:
        """Return what the file holds, looking at it when the last look is EVERY seconds ago."""
        return self.refreshed() if self._timer() - self._looked_at >= EVERY else self._value

    def refreshed(self) -> T:
        """Return what the file holds now: for whoever misses something in `current`."""
        self._looked_at = self._timer()
        state = _state(self._path)
        if state != self._state:
            # Before the reading: a change that comes during it is seen at the next look.
            self._state = state
            self._read()
        return self._value

    def _read(self) -> None:
        try:
            self._value = self._load(self._path)
        except (InvalidKey, OSError) as error:
            extra = {"file": self._path.name, "reason": type(error).__name__}
            _log.warning("a key file cannot be read; the keys of before stay", extra=extra)


def _state(path: Path) -> _State:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size
