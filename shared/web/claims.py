"""Times that a device without uplink claims. Its clock may be a day or thirty years off."""

from datetime import UTC, datetime
from typing import Annotated, Final

from pydantic import AwareDatetime, BeforeValidator, Field

from shared.contracts.text import require_written_time

MAX_AHEAD: Final = 4_000_000_000
"""Seconds, more than a hundred years: a clock that was never set is no reason to refuse."""

ClaimedAt = Annotated[
    AwareDatetime,
    Field(ge=datetime(1900, 1, 1, tzinfo=UTC), le=datetime(2999, 12, 31, tzinfo=UTC)),
    BeforeValidator(require_written_time),
]
"""A device's time: one whose battery is empty says 1970, and is no reason to refuse."""

ClockAhead = Annotated[int, Field(ge=-MAX_AHEAD, le=MAX_AHEAD)]
"""Seconds that its clock was ahead when it last heard the office."""
