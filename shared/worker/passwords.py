"""Passwords, hashed and verified by the worker."""

from dataclasses import dataclass
from typing import Final

from shared.worker.client import WorkerClient

_HASH: Final = "hash_password"
_VERIFY: Final = "verify_password"


@dataclass(frozen=True, slots=True)
class Verified:
    """Whether a password fits, and whether its hash is of former parameters: hash it anew."""

    fits: bool
    anew: bool


class Passwords:
    """Both methods raise Busy, Away and Refused: `too_long` (1,024 bytes of UTF-8)."""

    def __init__(self, worker: WorkerClient) -> None:
        self._worker = worker

    async def hash(self, password: str) -> str:
        """Return what is stored of a password: argon2id, with its parameters and salt."""
        done = await self._worker.ask(_HASH, {"password": password})
        return str(done["hash"])

    async def verify(self, stored: str, password: str) -> Verified:
        """Return whether this is the password of that hash. Refused also `not_a_hash`."""
        done = await self._worker.ask(_VERIFY, {"hash": stored, "password": password})
        return Verified(fits=bool(done["fits"]), anew=bool(done["anew"]))
