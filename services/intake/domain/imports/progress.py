"""An import: one file brought into one programme, how far it has come, and what it refused."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Final
from uuid import UUID

from services.intake.domain.refusal import Refused

FILE_WAITS: Final = timedelta(days=7)
"""So long a file is kept that nobody has begun to import."""
FILE_STAYS: Final = timedelta(hours=24)
"""So long it is kept after the end."""
_TIME_BITS: Final = 80
"""Behind the milliseconds of an id of version 7."""
_RANDOM: Final = (1 << 62) - 1
_VERSION: Final = (7 << 76) | (2 << 62)


class ImportState(StrEnum):
    """How far an import has come."""

    CHECKED = "checked"
    """Its file is here and can be read; nothing of it was recorded."""
    RUNNING = "running"
    """It goes on by itself, also after a restart."""
    DONE = "done"
    FAILED = "failed"
    """Its file cannot be read any more; what was recorded stays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """A file of a programme's history. It holds no personal data, and no name of the file."""

    id: str
    programme_id: str
    file_id: str
    seen: str
    """Id of the `ImportedFile` that leads here."""
    by: str
    """The account that sent it, and whose action every row is that it began."""
    at: datetime
    state: ImportState = ImportState.CHECKED
    version: int = 1
    event_id: str | None = None
    channel: str | None = None
    rows: int = 0
    """Rows below the header; counted when it begins."""
    done: int = 0
    accepted: int = 0
    ended_at: datetime | None = None
    file_there: bool = True

    @property
    def running(self) -> bool:
        """Return whether it was begun and is not at its end."""
        return self.state is ImportState.RUNNING

    @property
    def refused(self) -> int:
        """Return how many rows were refused, each of which is named."""
        return self.done - self.accepted

    def begun(self, by: str, event_id: str | None, channel: str, rows: int) -> "Import":
        """Return it as it runs; itself where it has begun so before.

        Raises Refused: `import_other` where it has begun for another event or channel,
        `import_file_gone`.
        """
        if self.state is not ImportState.CHECKED:
            if (self.event_id, self.channel) != (event_id, channel):
                raise Refused("import_other", "event_id: it was begun for another event or channel")
            return self
        if not self.file_there:
            raise Refused("import_file_gone", "import: its file was removed; send it again")
        return self._changed(
            by=by, event_id=event_id, channel=channel, rows=rows, state=ImportState.RUNNING
        )

    def advanced(self, before: int, accepted: int, refused: int, now: datetime) -> "Import":
        """Return it so many rows further; itself where somebody else has brought it there."""
        if not self.running or self.done != before:
            return self
        done = self.done + accepted + refused
        over = done >= self.rows
        return self._changed(
            done=done,
            accepted=self.accepted + accepted,
            state=ImportState.DONE if over else self.state,
            ended_at=now if over else None,
        )

    def failed(self, now: datetime) -> "Import":
        """Return it as it cannot go on."""
        return self._changed(state=ImportState.FAILED, ended_at=now)

    def without_file(self) -> "Import":
        """Return it as its file is gone."""
        return self._changed(file_there=False)

    def _changed(self, **fields: object) -> "Import":
        return replace(self, version=self.version + 1, **fields)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class ImportedFile:
    """Leads from the keyed digest of a file to its import, under whatever name it comes again."""

    id: str
    import_id: str
    version: int = 1


@dataclass(frozen=True, slots=True)
class ImportRefusal:
    """A row that was refused: the reason by each cell's name, and nothing of what stood there."""

    id: str
    import_id: str
    row: int
    faults: Mapping[str, str]
    version: int = 1


def refusal_id(import_id: str, row: int) -> str:
    """Return the id of a refused row; in the order of rows."""
    return f"{import_id}.r{row:06}"


def row_case_id(import_id: str, row: int) -> str:
    """Return the case of a row: the same whenever it is brought in, and made of nothing said in it.

    Its time is the import's, so that it stands in lists where it was brought in.
    """
    time = UUID(import_id).int >> _TIME_BITS << _TIME_BITS
    random = int.from_bytes(sha256(f"{import_id}/{row}".encode()).digest()[:8])
    # Twelve bits of the row's number keep the rows' order in most lists.
    return str(UUID(int=time | _VERSION | (row & 0xFFF) << 64 | random & _RANDOM))
