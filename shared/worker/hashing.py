"""Passwords as argon2id hashes, as the worker's children make and verify them.

argon2id, version 19, 19 MiB of memory, 2 passes, 1 lane; salt of 16 bytes, hash of 32: the first
parameters that OWASP's Password Storage Cheat Sheet names. A hash states its own, so they can be
raised: `verify` says when a password is to be hashed anew. A password is kept nowhere and stands in
no error.
"""

from collections.abc import Mapping
from typing import Any, Final

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from shared.worker.jobs import Job, JobRefused, Lane, Result

PASSWORD_BYTES: Final = 1024
"""Of a password in UTF-8."""

_HASHER: Final = PasswordHasher(
    time_cost=2, memory_cost=19 * 1024, parallelism=1, hash_len=32, salt_len=16, type=Type.ID
)


def hash_password(arguments: Mapping[str, Any], _: bytes) -> Result:
    """Return `hash` of `password`. Refuses `too_long`."""
    return Result({"hash": _HASHER.hash(_password(arguments))})


def verify_password(arguments: Mapping[str, Any], _: bytes) -> Result:
    """Return whether `password` `fits` `hash`, and whether it is to be hashed `anew`.

    Refuses `too_long`, and `not_a_hash`.
    """
    stored, password = str(arguments["hash"]), _password(arguments)
    try:
        _HASHER.verify(stored, password)
    except VerifyMismatchError:
        return Result({"fits": False, "anew": False})
    except (InvalidHashError, VerificationError):
        raise JobRefused("not_a_hash") from None
    return Result({"fits": True, "anew": _HASHER.check_needs_rehash(stored)})


def _password(arguments: Mapping[str, Any]) -> bytes:
    password = str(arguments["password"]).encode()
    if len(password) > PASSWORD_BYTES:
        raise JobRefused("too_long")
    return password


JOBS: Final[Mapping[str, Job]] = {
    "hash_password": Job(
        function=f"{__name__}:hash_password", lane=Lane.QUICK, seconds=5.0, cpu_seconds=4
    ),
    "verify_password": Job(
        function=f"{__name__}:verify_password", lane=Lane.QUICK, seconds=5.0, cpu_seconds=4
    ),
}
