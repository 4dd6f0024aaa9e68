"""Where the servers' data lies, and who may use it."""

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from deploy.local.errors import UnavailableError

ROOT = Path(__file__).resolve().parents[2]
LOCAL = ROOT / ".local"
CACHE = LOCAL / "cache"
DEMO = LOCAL / "demo"

Value = TypeVar("Value", int, str)


@contextmanager
def sole_use(data: Path) -> Iterator[None]:
    """Hold a data folder for this process alone, creating it when missing.

    Raises `UnavailableError` while another live process holds it; the hold of a dead one is void.
    """
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (data / "lock").open("a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise UnavailableError(_in_use(data, lock.read().strip())) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield


def _in_use(data: Path, holder: str) -> str:
    return f"{data} is in use by process {holder or 'unknown'}: stop that one first (Ctrl-C there)."


def forget(data: Path, names: Iterable[str]) -> None:
    """Remove the named entries of a data folder, and nothing else that may lie there."""
    for entry in (data / name for name in names):
        if entry.is_dir():
            shutil.rmtree(entry)
        else:
            entry.unlink(missing_ok=True)


def kept(
    file: Path,
    names: Iterable[str],
    make: Callable[[], Value],
    usable: Callable[[Value], bool] = lambda _: True,
) -> dict[str, Value]:
    """Values by name from a private JSON file; missing or unusable ones are made and written."""
    before: Mapping[str, Value] = json.loads(file.read_text("utf-8")) if file.exists() else {}
    values = {
        name: before[name] if name in before and usable(before[name]) else make() for name in names
    }
    if values != before:
        private(file, json.dumps(values, indent=1) + "\n")
    return values


def private(file: Path, text: str) -> None:
    """Write a file that only its owner may read."""
    file.unlink(missing_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        out.write(text)
