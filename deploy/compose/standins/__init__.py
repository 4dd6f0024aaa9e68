"""Images for an engine that can reach no registry, made of Debian's packages on the spot.

They have the programs, users and paths of the official images as far as docker-compose.yml relies
on them, and are named by their recipe, so that a changed recipe never meets an old image. Making
them takes root and a Debian mirror; kept as one archive, they are there again in seconds.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from deploy.compose import mirror
from deploy.compose.client import Docker
from deploy.local import apt, install
from deploy.local.apt import Say
from deploy.local.errors import UnavailableError

PARTS = {
    "RABBITMQ_IMAGE": "rabbitmq",
    "MONGO_IMAGE": "mongo",
    "PYTHON_IMAGE": "python",
    "PROMETHEUS_IMAGE": "prometheus",
    "NGINX_IMAGE": "nginx",
}
"""Variable of docker-compose.yml -> recipe beside this file."""

SUITE = "trixie"
_RECIPES = Path(__file__).parent
_BUILD_SECONDS = 900
_UNREAD = ("doc", "locale", "man")
_LEFT_OUT = ("var/cache/apt/archives/*.deb", "var/lib/apt/lists/*", "var/log/*")


def provide(docker: Docker, cache: Path, say: Say) -> dict[str, str]:
    """Return the variables of docker-compose.yml, with images that the engine now has.

    Raises `UnavailableError` where they can be neither loaded nor made.
    """
    tag = _tag()
    names = {variable: _name(part, tag) for variable, part in PARTS.items()}
    archive = cache / "images" / f"standins-{tag}.tar.gz"
    if not _complete(docker, names) and archive.exists():
        say(f"loading the stand-in images ({archive.stat().st_size // 1_000_000} MB)")
        docker.feed(archive, "load", "--quiet")
    if not _complete(docker, names):
        _make(docker, tag, cache, say)
        _save(docker, archive, list(names.values()), say)
    return names


def _complete(docker: Docker, names: Mapping[str, str]) -> bool:
    return all(docker.has_image(name) for name in names.values())


def _tag() -> str:
    recipes = sorted(_RECIPES.glob("*.Dockerfile"))
    content = b"".join(file.read_bytes() for file in (*recipes, Path(__file__)))
    return sha256(content).hexdigest()[:12]


def _name(part: str, tag: str) -> str:
    return f"jemput/standin-{part}:{tag}"


def _make(docker: Docker, tag: str, cache: Path, say: Say) -> None:
    if os.geteuid() != 0:
        raise UnavailableError("stand-in images are made by debootstrap, which only root may run")
    with _bare_debian(say) as root:
        _import(docker, root, _name("debian", tag))
    with tempfile.TemporaryDirectory() as context:
        shutil.copy(install.mongod(say, cache), Path(context) / "mongod")
        for part in PARTS.values():
            say(f"making the image {_name(part, tag)}")
            _build(docker, part, tag, context)


@contextmanager
def _bare_debian(say: Say) -> Iterator[Path]:
    if shutil.which("debootstrap") is None:
        apt.install(["debootstrap"], say)
    say(f"making a bare Debian {SUITE} (debootstrap)")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "root"
        command = ["debootstrap", "--variant=minbase", SUITE, str(root), mirror.url()]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise UnavailableError(f"debootstrap failed:\n{done.stdout[-2000:]}")
        exclusions = "".join(f"path-exclude=/usr/share/{part}/*\n" for part in _UNREAD)
        (root / "etc/dpkg/dpkg.cfg.d/small").write_text(exclusions, "utf-8")
        yield root


def _import(docker: Docker, root: Path, name: str) -> None:
    left_out = (*_LEFT_OUT, *(f"usr/share/{part}/*" for part in _UNREAD))
    archive = root.with_suffix(".tar")
    exclusions = [f"--exclude=./{pattern}" for pattern in left_out]
    subprocess.run(["tar", "-C", root, *exclusions, "-cf", archive, "."], check=True)
    docker.run("import", str(archive), name, seconds=_BUILD_SECONDS)
    archive.unlink()


def _build(docker: Docker, part: str, tag: str, context: str) -> None:
    """Build one image, in the machine's own network: an engine of ours gives builds no other."""
    docker.run(
        *("build", "--quiet", "--network=host", "--tag", _name(part, tag)),
        *("--build-arg", f"DEBIAN_IMAGE={_name('debian', tag)}"),
        *("--file", str(_RECIPES / f"{part}.Dockerfile"), context),
        seconds=_BUILD_SECONDS,
    )


def _save(docker: Docker, archive: Path, names: list[str], say: Say) -> None:
    say(f"keeping the images in {archive}")
    archive.parent.mkdir(parents=True, exist_ok=True)
    for old in archive.parent.glob("standins-*"):
        old.unlink()
    plain = archive.with_suffix("")
    docker.run("save", "--output", str(plain), *names, seconds=_BUILD_SECONDS)
    # The fastest level: the second run waits for the unpacking, nobody for the disk.
    subprocess.run(["gzip", "-1", plain], check=True)
