"""A folder of secrets: written in steps that a power cut cannot halve, read by one user."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Folder:
    """A folder of secrets and the one user who may read it; `owner` None keeps who runs this."""

    path: Path
    owner: int | None = None

    def prepare(self) -> None:
        """Make the folder, closed to everybody else."""
        self.path.mkdir(parents=True, exist_ok=True)
        self.path.chmod(0o700)
        self._hand_over(self.path)

    def keep(self, name: str, make: Callable[[], str]) -> str:
        """Return the stored value, made now if there is none."""
        if not (self.path / name).exists():
            self.put(name, make())
        return (self.path / name).read_text()

    def put(self, name: str, text: str) -> None:
        """Write a file of this text."""
        self.place(name, lambda path: _private(path, text))

    def place(self, name: str, write: Callable[[Path], None]) -> None:
        """Replace a file in one step: a power cut leaves the old one or the new one, whole."""
        half = self.path / f".{name}.new"
        half.unlink(missing_ok=True)
        write(half)
        half.chmod(0o400)
        with half.open("rb") as file:
            os.fsync(file.fileno())
        self._hand_over(half)
        half.replace(self.path / name)

    def _hand_over(self, path: Path) -> None:
        if self.owner is not None:
            os.chown(path, self.owner, self.owner)


def _private(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
