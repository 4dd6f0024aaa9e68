"""Free loopback ports that stay ours while a server is down."""

import random
import socket
from collections.abc import Iterator
from pathlib import Path

LOWEST = 10_240
"""Below lie the well-known servers' own ports (5672, 8080, 9090 ...)."""

_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_USUAL_START = 32_768
_HIGHEST = 65_535


def ceiling() -> int:
    """First port the kernel hands out to outgoing connections.

    A server's port must lie below it: a client that retries a stopped server from the same
    range is sooner or later given the server's own port, and keeps it from starting again.
    """
    start = int(_RANGE.read_text("ascii").split()[0]) if _RANGE.exists() else _USUAL_START
    return start if start > LOWEST + 1_000 else _HIGHEST


def bindable(port: int) -> bool:
    """Whether nothing holds the port on 127.0.0.1."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As the servers do: connections of an earlier run that still fade away are no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free() -> Iterator[int]:
    """Free ports, each a different one, in no order, so that stacks side by side rarely meet."""
    candidates = range(LOWEST, ceiling())
    for port in random.SystemRandom().sample(candidates, len(candidates)):
        if bindable(port):
            yield port
