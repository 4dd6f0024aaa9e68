"""Packages of another Debian release than the machine's, without a change to the machine."""

import os
import subprocess
import tempfile
from pathlib import Path

from deploy.local.errors import UnavailableError

_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
_CONFIGURATION = """\
Dir::Etc::SourceList "{folder}/sources.list";
Dir::Etc::SourceParts "-";
Dir::State "{folder}/state";
Dir::Cache "{folder}/cache";
APT::Sandbox::User "root";
"""


def url() -> str:
    """Return the mirror this machine takes Debian from; `UnavailableError` if it has none."""
    # Read from the sources alone: a fresh machine has fetched no package lists yet.
    targets = ["apt-get", "indextargets", "--no-release-info", "--format", "$(SITE)"]
    try:
        said = subprocess.run(targets, capture_output=True, text=True, check=False).stdout
    except FileNotFoundError:
        said = ""
    for address in said.split():
        if address.rstrip("/").endswith("/debian"):
            return address
    raise UnavailableError("this machine's apt knows no Debian mirror")


def download(suite: str, packages: list[str], folder: Path) -> list[Path]:
    """Fetch packages of a Debian suite, unpacked nowhere, into `folder`; return their files."""
    with tempfile.TemporaryDirectory() as own:
        source = f"deb [signed-by={_KEYRING}] {url()} {suite} main\n"
        (Path(own) / "sources.list").write_text(source, "utf-8")
        (Path(own) / "apt.conf").write_text(_CONFIGURATION.format(folder=own), "utf-8")
        for missing in ("state/lists/partial", "cache/archives/partial"):
            (Path(own) / missing).mkdir(parents=True)
        _apt(own, folder, "update")
        _apt(own, folder, "download", *packages)
    return sorted(folder.glob("*.deb"))


def _apt(own: str, folder: Path, *words: str) -> None:
    done = subprocess.run(
        ["apt-get", "-qq", "-o", "Acquire::Retries=3", *words],
        env={**os.environ, "APT_CONFIG": f"{own}/apt.conf"},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise UnavailableError(f"apt-get {' '.join(words)} failed: {done.stderr.strip()}")
