"""Programmes as residents are told of them: read once a minute, not once for each request."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from services.intake.domain import Programme
from services.intake.usecases.ports import Clock, Reader
from shared.messaging.errors import Unavailable

DATA_PAGE: Final = "/data-pribadi"
"""The public page, below intake's prefix; a programme's own has its id behind it."""
FRESH: Final = timedelta(minutes=1)
"""How old what residents are told may be, after a programme was published anew."""


class KnownProgrammes:
    """All programmes by their ids. The public page asks here too: it cannot load the database."""

    def __init__(self, reader: Reader, clock: Clock) -> None:
        self._reader = reader
        self._clock = clock
        self._found: Mapping[str, Programme] = {}
        self._read_at: datetime | None = None

    async def all(self) -> Mapping[str, Programme]:
        """Return every programme, FRESH old at most; older where the database is away.

        Raises Unavailable where none was ever read.
        """
        now = self._clock()
        if self._read_at is None or now - self._read_at >= FRESH:
            try:
                self._found = {one.id: one for one in await self._reader.find(Programme)}
            except Unavailable:
                # A request was recorded a moment ago: its receipt does not fail for this.
                if self._read_at is None:
                    raise
            else:
                self._read_at = now
        return self._found

    async def published(self, programme_id: str) -> Programme | None:
        """Return a programme of which the caller knows that it is there; just published, too."""
        found = (await self.all()).get(programme_id)
        return found or await self._reader.get(Programme, programme_id)
