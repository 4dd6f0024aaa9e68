"""Master keys in a file, and the keys of owners wrapped by them.

The file holds one key a line, 32 random bytes in base 64, the newest first: it wraps, all unwrap.
A running process sees a changed file at its next use, so keys are rotated while services run.
"""

import logging
import secrets
from base64 import b64decode, urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import ClassVar, Final

from shared.sealing.private import alone, is_private, replace_private
from shared.sealing.seal import KEY_BYTES, DataKey, context, from_text, to_text

MAX_KEYS: Final = 16
"""Master keys in one file; retire old ones before adding more."""

_log = logging.getLogger(__name__)
_PURPOSE: Final = "key"


class InvalidKey(Exception):  # noqa: N818 - reads as the finding it is
    """A file of master keys that cannot be used; the message holds no key material."""

    safe_to_log: ClassVar[bool] = True


class UnknownMasterKey(Exception):  # noqa: N818 - reads as the finding it is
    """A key is wrapped by a master key that the file here does not hold, or not yet."""

    safe_to_log: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class Wrapped:
    """An owner's key as it is stored: useless without the master key of this id."""

    master: str
    sealed: str


class MasterKeys:
    """The master keys of one file, the newest first."""

    def __init__(self, *keys: bytes) -> None:
        """Take the keys. Raises InvalidKey without any, above MAX_KEYS, or for two alike."""
        if not 0 < len(keys) <= MAX_KEYS:
            raise InvalidKey(f"1 to {MAX_KEYS} master keys are needed")
        if any(len(key) != KEY_BYTES for key in keys):
            raise InvalidKey(f"a master key has {KEY_BYTES} bytes")
        self._keys = {_id_of(key): DataKey(key) for key in keys}
        if len(self._keys) != len(keys):
            raise InvalidKey("a master key stands twice")

    @property
    def ids(self) -> tuple[str, ...]:
        """Return the ids, the newest first; an id says nothing of its key."""
        return tuple(self._keys)

    @property
    def newest(self) -> str:
        """Return the id of the key that wraps."""
        return self.ids[0]

    def wrap(self, key: DataKey, owner: str) -> Wrapped:
        """Return an owner's key wrapped by the newest master key."""
        sealed = self._keys[self.newest].seal(key.secret, context(_PURPOSE, owner, self.newest))
        return Wrapped(self.newest, to_text(sealed))

    def unwrap(self, wrapped: Wrapped, owner: str) -> DataKey:
        """Return an owner's key. Raises UnknownMasterKey, and Unsealable for another's."""
        master = self._keys.get(wrapped.master)
        if master is None:
            raise UnknownMasterKey(f"no master key {wrapped.master} here")
        place = context(_PURPOSE, owner, wrapped.master)
        return DataKey(master.open(from_text(wrapped.sealed, place), place))


class MasterKeyFile:
    """The master keys of a file as it stands now.

    A file that has become unusable while the process runs is reported once, and the keys that were
    read last stay in use.
    """

    def __init__(self, path: Path) -> None:
        """Read the file. Raises InvalidKey, and OSError where it cannot be read."""
        self._path = path
        self._stamp = self._look()
        self._keys = load(path)

    @property
    def current(self) -> MasterKeys:
        """Return the keys; the file is read again when it has changed."""
        stamp = self._look()
        if stamp not in (self._stamp, None):
            self._stamp = stamp
            try:
                self._keys = load(self._path)
            except (InvalidKey, OSError):
                _log.exception("the file of master keys cannot be used; the former keys stay")
        return self._keys

    def _look(self) -> tuple[int, int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino, found.st_size


def load(path: Path) -> MasterKeys:
    """Read a file of master keys. Raises InvalidKey, and OSError where it cannot be read."""
    if not is_private(path):
        raise InvalidKey(f"{path.name}: others can read it; chmod 600")
    return MasterKeys(*_lines(path))


def new_line() -> str:
    """Return a new master key as a line of the file."""
    return urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)).decode() + "\n"


def add_key(path: Path) -> str:
    """Put a new key on top of the file, made where there is none; return its id."""
    with alone(path):
        there = _lines(path) if path.exists() else []
        line = new_line()
        keys = MasterKeys(*_decoded(path, line), *there)
        replace_private(path, line + "".join(map(_line, there)))
    return keys.newest


def remove_key(path: Path, key_id: str) -> None:
    """Take a key out of the file: what it alone wraps is lost for ever.

    Raises InvalidKey for the newest and for one that is not there.
    """
    with alone(path):
        there = _lines(path)
        ids = MasterKeys(*there).ids
        if key_id not in ids[1:]:
            why = "it is the newest" if key_id == ids[0] else "there is no such key"
            raise InvalidKey(f"{path.name}: {key_id}: {why}")
        left = [key for key, id_ in zip(there, ids, strict=True) if id_ != key_id]
        replace_private(path, "".join(map(_line, left)))


def _lines(path: Path) -> list[bytes]:
    return _decoded(path, path.read_text("utf-8"))


def _decoded(path: Path, text: str) -> list[bytes]:
    try:
        return [b64decode(line, b"-_", validate=True) for line in text.split()]
    except ValueError:
        raise InvalidKey(f"{path.name}: not one key a line, in base 64") from None


def _line(key: bytes) -> str:
    return urlsafe_b64encode(key).decode() + "\n"


def _id_of(key: bytes) -> str:
    return sha256(b"jemput master key\x00" + key).hexdigest()[:16]
