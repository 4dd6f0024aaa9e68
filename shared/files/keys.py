"""Keys of files that are about nobody in particular: sealed by the service's own master keys.

A file about a person is sealed with that person's key instead, so that it goes with him.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from shared.files.kept import FileReader
from shared.files.stored import StoredFile
from shared.messaging.unit_of_work import UnitOfWork
from shared.runtime.commands import Commands
from shared.runtime.master_keys import MasterKeyDesk
from shared.sealing.masterkeys import MasterKeys, Wrapped
from shared.sealing.rewrap import Rewrapped, rewrap_each
from shared.sealing.seal import DataKey

_MASTER: Final = "master"
_SEALED: Final = "sealed"


class FileKeys:
    """Seals and opens files' keys. The master keys are asked for anew each time."""

    def __init__(self, master_keys: Callable[[], MasterKeys]) -> None:
        self._master_keys = master_keys

    def sealed(self, key: DataKey, file_id: str) -> Mapping[str, str]:
        """Return a file's key as it is stored, wrapped by the newest master key."""
        wrapped = self._master_keys().wrap(key, _owner(file_id))
        return {_MASTER: wrapped.master, _SEALED: wrapped.sealed}

    def opened(self, file: StoredFile) -> DataKey:
        """Return a file's key. Raises UnknownMasterKey and Unsealable."""
        wrapped = Wrapped(file.sealed_key[_MASTER], file.sealed_key[_SEALED])
        return self._master_keys().unwrap(wrapped, _owner(file.id))

    def rewrapped(self, file: StoredFile) -> StoredFile:
        """Return a file with its key wrapped by the newest master key; itself where it is.

        Raises UnknownMasterKey and Unsealable.
        """
        if file.sealed_key[_MASTER] == self._master_keys().newest:
            return file
        return file.under(self.sealed(self.opened(file), file.id))


def file_key_desk(
    file: Path, reader: FileReader, commands: Commands, keys: FileKeys
) -> MasterKeyDesk:
    """Return what a service's commands about master keys work with, where these seal files."""

    async def again(ids: Sequence[str], uow: UnitOfWork) -> Rewrapped:
        return await rewrap_each(StoredFile, ids, uow, keys.rewrapped)

    return MasterKeyDesk(file, commands, reader.files_under, reader.files_not_under, again)


def _owner(file_id: str) -> str:
    return f"file.{file_id}"
