"""The worker's socket: a file that its owner and its group may use.

The kernel takes addresses of 107 bytes at most; a folder may have a longer path. So both sides name
the socket from its folder, which is held open for that.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

MODE: Final = 0o660
_BACKLOG: Final = 128


def listen(path: Path) -> socket.socket:
    """Return a socket that listens there; one that a dead worker has left is removed."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    path.unlink(missing_ok=True)
    # Nobody may connect between the making of the file and its mode.
    before = os.umask(0o777 & ~MODE)
    try:
        with _short(path) as address:
            listener.bind(address)
    finally:
        os.umask(before)
    listener.listen(_BACKLOG)
    listener.setblocking(False)  # noqa: FBT003 - the standard library's own signature
    return listener


def connected(path: Path) -> socket.socket:
    """Return a socket that is connected there. Raises OSError: nobody there, or too many."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.setblocking(False)  # noqa: FBT003 - the standard library's own signature
    try:
        with _short(path) as address:
            connection.connect(address)
    except OSError:
        connection.close()
        raise
    return connection


@contextmanager
def _short(path: Path) -> Iterator[str]:
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
