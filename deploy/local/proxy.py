"""The one address on this machine: Debian's nginx as a process of our own, on loopback."""

import os
import socket
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.local.folder import private
from deploy.local.processes import Process
from deploy.proxy import configuration
from deploy.proxy.configuration import GENERATED, HERE, Plan

PROXY = "proxy"
"""Its name among the processes of a stack."""


@dataclass(frozen=True)
class Proxy:
    """Everything that makes an nginx this one and no other."""

    program: Path
    folder: Path
    port: int
    upstreams: Mapping[str, int]
    """Port by service."""
    prefixes: Mapping[str, str]
    address: str = "127.0.0.1"
    office_proxies: Collection[str] = ()
    certificate: tuple[str, str] | None = None
    """Certificate and key, to speak TLS with."""

    @property
    def url(self) -> str:
        """Return the origin."""
        return f"{'https' if self.certificate else 'http'}://{self.address}:{self.port}"

    @property
    def command(self) -> list[str | Path]:
        """Return the program with its folder and its file."""
        return [self.program, "-p", f"{self.folder}/", "-c", "nginx.conf", "-e", "stderr"]

    def prepare(self) -> None:
        """Make the folder ready: the shipped file, and what differs beside it."""
        for name in (GENERATED, "run"):
            (self.folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in ("nginx.conf", "errors"):
            link = self.folder / name
            link.unlink(missing_ok=True)
            link.symlink_to(HERE / name)
        for name, text in configuration.files(self._plan()).items():
            private(self.folder / GENERATED / name, text)
        if self.certificate:
            names = (configuration.CERTIFICATE, configuration.CERTIFICATE_KEY)
            for name, text in zip(names, self.certificate, strict=True):
                private(self.folder / GENERATED / name, text)

    def process(self, log: Path) -> Process:
        """Return its process, not started yet; what it says is appended to the log."""
        return Process(
            PROXY,
            self.command,
            {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8"},
            log,
            cwd=self.folder,
            pid_file=log.with_suffix(".pid"),
        )

    def ready(self) -> bool:
        """Return whether it takes connections."""
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.settimeout(1)
            return probe.connect_ex((self.address, self.port)) == 0

    def _plan(self) -> Plan:
        return Plan(
            listen=f"{self.address}:{self.port}",
            upstreams={name: f"127.0.0.1:{port}" for name, port in self.upstreams.items()},
            prefixes=self.prefixes,
            office_proxies=self.office_proxies,
            tls=self.certificate is not None,
            alone=True,
        )
