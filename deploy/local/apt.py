"""Debian packages, without the servers that Debian would start along with them."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from deploy.local.errors import UnavailableError

_POLICY = Path("/usr/sbin/policy-rc.d")
_POLICY_TEXT = (
    "#!/bin/sh\n# Jemput installs packages: no service is to start meanwhile.\nexit 101\n"
)
_UNIT_FOLDERS = (Path("/usr/lib/systemd/system"), Path("/lib/systemd/system"))
_SERVERS = (
    *("rabbitmq-server.service", "epmd.service", "epmd.socket"),
    "nginx.service",
    *("prometheus.service", "prometheus-node-exporter.service"),
)

Say = Callable[[str], None]


def install(packages: Sequence[str], say: Say) -> None:
    """Install packages with apt; their servers are neither started nor enabled.

    Raises `UnavailableError` without apt, without the right to use it, or for unknown packages.
    """
    names = " ".join(packages)
    privilege = _privilege(names)
    present = _units()
    say(f"installing {names} (apt-get)")
    with _no_service_starts(privilege):
        # Mostly the package lists are recent enough, and fetching them is the slow part.
        if _apt(privilege, "install", *packages):
            _apt(privilege, "update")
            if reason := _apt(privilege, "install", *packages):
                raise UnavailableError(f"apt-get could not install {names}: {reason}")
    _disable(privilege, _units() - present)


def _privilege(names: str) -> list[str]:
    if shutil.which("apt-get") is None:
        raise UnavailableError(f"{names} is missing, and this machine has no apt-get to install it")
    if os.geteuid() == 0:
        return []
    sudo = ["sudo", "-n"]
    if shutil.which("sudo") and _succeeds([*sudo, "true"]):
        return sudo
    raise UnavailableError(
        f"{names} is missing, and only root may install it: as root, apt-get install {names}"
    )


def _apt(privilege: Sequence[str], *words: str) -> str:
    """Run apt-get; empty when it did it, else its last words."""
    quiet = ["-qq", "-y", "--no-install-recommends", "-o", "Acquire::Retries=3"]
    patient = ["-o", "DPkg::Lock::Timeout=300", "-o", "Dpkg::Use-Pty=0"]
    apt_get = [*privilege, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
    ended = subprocess.run(
        [*apt_get, *quiet, *patient, *words], check=False, capture_output=True, text=True
    )
    if ended.returncode == 0:
        return ""
    return (ended.stderr or ended.stdout).strip()[-300:] or f"status {ended.returncode}"


def _succeeds(command: Sequence[str]) -> bool:
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


@contextmanager
def _no_service_starts(privilege: Sequence[str]) -> Iterator[None]:
    """Put Debian's own veto in place, unless the machine has one of its own."""
    ours = not _POLICY.exists() or _POLICY.read_text("utf-8", errors="replace") == _POLICY_TEXT
    if not ours:
        yield
        return
    with tempfile.NamedTemporaryFile("w", encoding="utf-8") as policy:
        policy.write(_POLICY_TEXT)
        policy.flush()
        _succeeds([*privilege, "install", "-m", "755", policy.name, str(_POLICY)])
    try:
        yield
    finally:
        _succeeds([*privilege, "rm", "-f", str(_POLICY)])


def _units() -> set[str]:
    return {name for name in _SERVERS for folder in _UNIT_FOLDERS if (folder / name).exists()}


def _disable(privilege: Sequence[str], units: set[str]) -> None:
    """Keep new servers from starting at the next boot; what was there before is left alone.

    They may even run: a policy of the machine's own is not overridden while packages install.
    """
    names = sorted(units)
    commands = [["update-rc.d", name.removesuffix(".service"), "disable"] for name in names]
    commands += [["systemctl", verb, *names] for verb in ("disable", "stop") if names]
    for command in commands:
        if shutil.which(command[0]):
            _succeeds([*privilege, *command])
