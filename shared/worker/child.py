"""One child process of a worker: does one job after the other, within limits that it cannot lift.

Started as `python -m shared.worker.child PARENT MEMORY MODULE...`: the parent's process id, bytes
of address space, the modules of its jobs. Jobs come on standard input and answers leave by standard
output; both are taken away from the libraries, which may print what they like. The limits are set
before anything of a stranger is read: address space, no file written, no core dump (a password may
lie in memory), and for each job seconds of the processor. What exceeds them ends this process and
nothing else.
"""

import ctypes
import importlib
import math
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Any, BinaryIO, Final, Literal

from shared.worker.frames import DATA, END, HEAD, Broken, next_frame, parsed, put_message
from shared.worker.jobs import JobRefused, Outcome, Result

OPEN_FILES: Final = 64
_PARENT_DEATH_SIGNAL: Final = 1
_NO_NEW_PRIVILEGES: Final = 38
_PLACES: Final = 20
"""Places in the code that are named of an error."""

Function = Callable[[Mapping[str, Any], bytes], Result]


def main(parent: int, memory: int, modules: Sequence[str]) -> None:
    """Do jobs until standard input ends."""
    _confine(memory)
    _die_with(parent)
    for module in modules:
        importlib.import_module(module)
    with _taken_over(0, os.O_RDONLY, "rb") as jobs, _taken_over(1, os.O_WRONLY, "wb") as answers:
        while (message := _next_job(jobs)) is not None:
            head, result = _done(*message)
            put_message(answers, head, result)


def _confine(memory: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.CDLL(None).prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)


def _die_with(parent: int) -> None:
    """Have the kernel end this process with its parent, which may have ended meanwhile."""
    ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(1)


def _taken_over(descriptor: int, flags: int, mode: Literal["rb", "wb"]) -> BinaryIO:
    """Return what a standard stream was, which is nothing from here on."""
    ours = os.dup(descriptor)
    nothing = os.open(os.devnull, flags)
    os.dup2(nothing, descriptor)
    os.close(nothing)
    return os.fdopen(ours, mode)


def _next_job(jobs: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    first = next_frame(jobs)
    if first is None:
        return None
    kind, content = first
    if kind != HEAD:
        raise Broken("a head is missing")
    head, body = parsed(content), bytearray()
    while (following := next_frame(jobs)) is not None:
        kind, content = following
        if kind == END:
            return head, bytes(body)
        if kind != DATA:
            break
        body += content
    raise Broken("a job's end is missing")


def _done(head: Mapping[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
    """Return the answer's head and body."""
    used = math.ceil(time.process_time())
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (used + int(head["cpu_seconds"]), most))
    try:
        result = _function(head["function"])(head["arguments"], body)
    except JobRefused as refused:
        return {"outcome": Outcome.REFUSED, "reason": refused.reason}, b""
    except MemoryError:
        return {"outcome": Outcome.LIMIT, "reason": "memory"}, b""
    except Exception as error:  # noqa: BLE001 - whatever it is, the worker is told
        return {"outcome": Outcome.FAILED, "reason": _told(error)}, b""
    return {"outcome": Outcome.DONE, "fields": dict(result.fields)}, result.body


def _function(name: str) -> Function:
    module, _, function = name.partition(":")
    found: Function = getattr(importlib.import_module(module), function)
    return found


def _told(error: Exception) -> str:
    """Return an error's type and places: its message may repeat what was given."""
    steps = list(traceback.walk_tb(error.__traceback__))[-_PLACES:]
    places = [f"{f.f_globals.get('__name__', '?')}:{line}" for f, line in steps]
    return f"{type(error).__qualname__} at {' '.join(places)}"


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
