"""What is kept of a file besides its frames, and how it comes to be bound.

The document is there before the first frame and goes after the last: whatever ends on the way, a
timer finds the file by it. Nobody reads a file that is not bound.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from shared.files.frames import AS_IT_CAME, CLEAN
from shared.messaging.collections import Collection
from shared.messaging.errors import Rejected
from shared.messaging.timers import Timer
from shared.messaging.unit_of_work import UnitOfWork

UNBOUND_FOR: Final = timedelta(hours=24)
"""After so long a file that nobody has bound is removed."""
UNBOUND: Final = "file_unbound"
"""Name of the timer that removes it; its key is the file's id."""


class FileState(StrEnum):
    """How far a file has come."""

    RECEIVING = "receiving"
    """It comes in or is checked, or the process ended over it."""
    CHECKED = "checked"
    """It may be bound."""
    BOUND = "bound"
    """It belongs to what it was sent for."""
    REMOVING = "removing"
    """Its frames are being removed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """A file. It holds no personal data: its name on the sender's machine is not kept."""

    id: str
    purpose: str
    about: str
    """Id of what it was sent for, and is bound to."""
    since: datetime
    sealed_key: Mapping[str, str] = field(repr=False)
    """The file's key, sealed by the service with a key of its own or of whom it is about."""
    state: FileState = FileState.RECEIVING
    version: int = 1
    part: int = AS_IT_CAME
    type: str = ""
    size: int = 0
    sha256: str = ""

    def checked(self, found: "Content") -> "StoredFile":
        """Return the file as it was found good."""
        self._require(FileState.RECEIVING)
        return self._changed(
            state=FileState.CHECKED,
            part=found.part,
            type=found.type,
            size=found.size,
            sha256=found.sha256,
        )

    def bound(self, purpose: str, about: str) -> "StoredFile":
        """Return the file as it belongs to what it was sent for."""
        if (self.purpose, self.about) != (purpose, about):
            raise Rejected("file_of_another", "file_id: it was sent for something else")
        self._require(FileState.CHECKED)
        return self._changed(state=FileState.BOUND)

    def under(self, sealed_key: Mapping[str, str]) -> "StoredFile":
        """Return the file with its key sealed anew."""
        return self._changed(sealed_key=sealed_key)

    def removing(self) -> "StoredFile":
        """Return the file as its frames go; from here on it cannot be bound."""
        return self._changed(state=FileState.REMOVING)

    def _require(self, state: FileState) -> None:
        if self.state is not state:
            raise Rejected("file_state", f"file_id: the file is {self.state}")

    def _changed(self, **fields: object) -> "StoredFile":
        return replace(self, version=self.version + 1, **fields)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a file was found to be. `sha256` is in hexadecimal; `part` is which of it is kept."""

    type: str
    size: int
    sha256: str
    part: int = CLEAN


FILES: Final = Collection("files", StoredFile, label="file")
"""For the `COLLECTIONS` of a service that keeps files."""


async def keep_receiving(file: StoredFile, uow: UnitOfWork) -> None:
    """Keep that a file comes in, before its first frame, and when it goes if nobody binds it."""
    uow.add(file)
    await uow.set_timer(UNBOUND, file.id, file.since + UNBOUND_FOR)


async def keep_checked(file_id: str, content: Content, uow: UnitOfWork) -> StoredFile:
    """Keep what a file was found to be. Raises Missing and Rejected."""
    file = (await uow.require(StoredFile, file_id)).checked(content)
    uow.add(file)
    return file


async def bind(file_id: str, purpose: str, about: str, uow: UnitOfWork) -> StoredFile:
    """Bind a file, in the unit of work that keeps what it is there for.

    Raises Missing, and Rejected: `file_of_another`, `file_state`.
    """
    file = (await uow.require(StoredFile, file_id)).bound(purpose, about)
    uow.add(file)
    await uow.clear_timer(UNBOUND, file_id)
    return file


async def note_unbound(timer: Timer, uow: UnitOfWork) -> None:
    """Keep that a file goes which nobody has bound in time; `Removal` takes its frames."""
    await begin_removal(timer.key, uow)


async def begin_removal(
    file_id: str, uow: UnitOfWork, unless: AbstractSet[FileState] = frozenset({FileState.BOUND})
) -> bool:
    """Keep that a file goes; False where there is none, or it has come as far as `unless`."""
    file = await uow.get(StoredFile, file_id)
    if file is None or file.state in unless:
        return False
    if file.state is not FileState.REMOVING:
        uow.add(file.removing())
    return True


async def end_removal(file_id: str, uow: UnitOfWork) -> None:
    """Forget a file whose frames are gone."""
    file = await uow.get(StoredFile, file_id)
    if file is not None and file.state is FileState.REMOVING:
        uow.delete(file)
        await uow.clear_timer(UNBOUND, file_id)
