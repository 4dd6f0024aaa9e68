"""Jobs that behave badly, each in its own way."""

import os
import resource
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from shared.worker.jobs import MIB, Job, JobRefused, Lane, Result

SECRET: Final = "correct horse battery staple"
BODY_LIMIT: Final = 4 * MIB


def turn(arguments: Mapping[str, Any], body: bytes) -> Result:
    """Return the body the other way round."""
    return Result({**arguments, "size": len(body)}, body[::-1])


def refuse(_: Mapping[str, Any], __: bytes) -> Result:
    """Refuse."""
    raise JobRefused("not_today")


def fail(_: Mapping[str, Any], __: bytes) -> Result:
    """Fail with a message that must not leave the process."""
    raise ValueError(SECRET)


def sleep(arguments: Mapping[str, Any], _: bytes) -> Result:
    """Take time."""
    time.sleep(arguments["seconds"])
    return Result()


def spin(_: Mapping[str, Any], __: bytes) -> Result:
    """Use the processor without end."""
    while True:
        pass


def eat(_: Mapping[str, Any], __: bytes) -> Result:
    """Ask for more memory than there may be."""
    return Result({"size": len(bytearray(4096 * MIB))})


def die(_: Mapping[str, Any], __: bytes) -> Result:
    """End as by a fault in a library."""
    os.abort()


def write(arguments: Mapping[str, Any], _: bytes) -> Result:
    """Write a file."""
    Path(arguments["path"]).write_bytes(b"x" * 4096)
    return Result()


def tell(_: Mapping[str, Any], __: bytes) -> Result:
    """Tell what this process is, and print what nobody asked for."""
    print("a library says hello", flush=True)  # noqa: T201
    files, core = (
        resource.getrlimit(resource.RLIMIT_NOFILE),
        resource.getrlimit(resource.RLIMIT_CORE),
    )
    return Result(
        {"pid": os.getpid(), "environment": sorted(os.environ), "files": files[0], "core": core[0]}
    )


def _job(function: str, lane: Lane = Lane.QUICK, seconds: float = 60) -> Job:
    name = f"tests.component.worker.odd_jobs:{function}"
    return Job(function=name, lane=lane, seconds=seconds, cpu_seconds=1, body_bytes=BODY_LIMIT)


JOBS: Final[Mapping[str, Job]] = {
    **{name: _job(name) for name in ("turn", "refuse", "fail", "eat", "die", "write", "tell")},
    "sleep": _job("sleep"),
    "nap": _job("sleep", seconds=0.5),
    "heavy": _job("sleep", Lane.HEAVY),
    "spin": _job("spin"),
    "missing": _job("nobody_wrote_this"),
}
