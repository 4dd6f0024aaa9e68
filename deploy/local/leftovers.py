"""Finding and ending what an earlier, killed run left behind: by its own id, never by a name."""

import json
import os
import secrets
import select
import signal
from collections.abc import Mapping
from pathlib import Path

MARK = "JEMPUT_PROCESS"
"""Environment variable that distinguishes a child of ours from another process with its old id."""


def new_mark() -> dict[str, str]:
    """A token that no other process carries, as an addition to a child's environment."""
    return {MARK: secrets.token_hex(8)}


def record(pid_file: Path, pid: int, mark: Mapping[str, str]) -> None:
    """Note a running child for a later run."""
    pid_file.write_text(json.dumps({"pid": pid, "mark": mark[MARK]}), "utf-8")


def carries(pid: int, mark: str) -> bool:
    """Whether that process was started with that token; never true of another user's process."""
    try:
        environment = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return False
    return f"{MARK}={mark}".encode() in environment.split(b"\0")


def end(pid_file: Path) -> int | None:
    """Kill the process a pid file names, if it is still that one, and wait until it is gone.

    Returns its id, or None when there was nothing to end.
    """
    try:
        noted = json.loads(pid_file.read_text("utf-8"))
        pid, mark = int(noted["pid"]), str(noted["mark"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
    ended = pid if _end(pid, mark) else None
    pid_file.unlink(missing_ok=True)
    return ended


def _end(pid: int, mark: str) -> bool:
    try:
        handle = os.pidfd_open(pid)
    except OSError:
        return False
    # The handle is taken before the token is read: from here on the id cannot change hands.
    try:
        if not carries(pid, mark):
            return False
        signal.pidfd_send_signal(handle, signal.SIGKILL)
        gone = select.poll()
        gone.register(handle, select.POLLIN)
        gone.poll()
    finally:
        os.close(handle)
    return True
