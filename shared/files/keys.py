"""Keys of files that are about nobody in particular: sealed by the service's own master keys.

A file about a person is sealed with that person's key instead, so that it goes with him.
"""

from collections.abc import Callable, Mapping
from typing import Final

from shared.files.stored import StoredFile
from shared.sealing.masterkeys import MasterKeys, Wrapped
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


def _owner(file_id: str) -> str:
    return f"file.{file_id}"
