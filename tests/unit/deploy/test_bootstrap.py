import os
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "deploy" / "local" / "bootstrap.sh"
NOTED = '#!/bin/sh\necho "$*" >> "$0.log"\n'
TOO_OLD = "#!/bin/sh\nexit 1\n"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A checkout whose .venv is there and whose Python only writes down what it is asked."""
    for folder in ("deploy/local", "deploy/requirements", ".venv/bin", "path"):
        (tmp_path / folder).mkdir(parents=True)
    shutil.copy(SCRIPT, tmp_path / "deploy" / "local")
    (tmp_path / "deploy" / "requirements" / "dev.txt").write_text("one==1\ntwo==2\n")
    for name in ("python", "pip"):
        program(tmp_path / ".venv" / "bin" / name, NOTED)
    program(tmp_path / "path" / "python3", NOTED)
    return tmp_path


def program(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


def run(tree: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", str(tree / "deploy" / "local" / "bootstrap.sh")],
        env={"PATH": f"{tree}/path:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


def asked(tree: Path) -> list[str]:
    log = tree / ".venv" / "bin" / "python.log"
    return log.read_text().splitlines() if log.exists() else []


def stamp(tree: Path) -> Path:
    return tree / ".venv" / "installed-lock"


def test_it_installs_the_lock_by_hash_and_remembers_which(tree: Path) -> None:
    done = run(tree)
    assert done.returncode == 0, done.stderr
    assert "installing 2 locked packages" in done.stderr
    assert asked(tree)[-1].endswith("install --require-hashes -r deploy/requirements/dev.txt")
    lock = (tree / "deploy" / "requirements" / "dev.txt").read_bytes()
    assert stamp(tree).read_text() == sha256(lock).hexdigest() + "\n"


def test_it_does_nothing_while_the_lock_is_the_installed_one(tree: Path) -> None:
    run(tree)
    before = asked(tree)
    done = run(tree)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert asked(tree) == before


def test_a_changed_lock_is_installed(tree: Path) -> None:
    run(tree)
    before = len(asked(tree))
    with (tree / "deploy" / "requirements" / "dev.txt").open("a") as lock:
        lock.write("three==3\n")
    assert "installing 3 locked packages" in run(tree).stderr
    assert len(asked(tree)) > before


def test_a_failed_install_is_not_remembered(tree: Path) -> None:
    fails = '#!/bin/sh\ncase "$*" in *install*) exit 1;; esac\n'
    program(tree / ".venv" / "bin" / "python", fails)
    done = run(tree)
    assert done.returncode == 1
    assert "could not be installed" in done.stderr
    assert not stamp(tree).exists()


def test_without_a_recent_python_it_says_which_one_is_needed(tree: Path) -> None:
    for version in ("", ".11", ".12", ".13", ".14"):
        program(tree / "path" / f"python3{version}", TOO_OLD)
    done = run(tree)
    assert done.returncode == 1
    assert done.stderr == (
        "bootstrap: no Python 3.11 or newer is on the PATH; install one (PYTHON=/path/to/it)\n"
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="another user may have sudo, or not")
def test_a_missing_venv_module_without_apt_is_told(tree: Path) -> None:
    shutil.rmtree(tree / ".venv")
    without = '#!/bin/sh\ncase "$*" in *ensurepip*) exit 1;; esac\n'
    program(tree / "path" / "python3", without)
    for name in ("dirname", "sha256sum", "cut", "id", "sh"):
        (tree / "path" / name).symlink_to(shutil.which(name) or name)
    done = subprocess.run(
        ["/bin/sh", str(tree / "deploy" / "local" / "bootstrap.sh")],
        env={"PATH": f"{tree}/path"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "python3 lacks the modules venv and ensurepip: install them" in done.stderr
