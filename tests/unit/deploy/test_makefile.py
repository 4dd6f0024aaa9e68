import subprocess
from pathlib import Path

import pytest

from deploy.local.folder import sole_use

ROOT = Path(__file__).resolve().parents[3]


def clean(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run `make clean` in a folder of the test's own."""
    command = ["make", "-C", str(folder), "-f", str(ROOT / "Makefile"), "clean"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("held", [".local", ".local/demo", ".local/another/folder"])
def test_clean_leaves_data_that_somebody_uses(tmp_path: Path, held: str) -> None:
    data = tmp_path / ".local" / "mongo" / "data"
    data.mkdir(parents=True)
    with sole_use(tmp_path / held):
        done = clean(tmp_path)
        assert done.returncode != 0
        assert "stop them first" in done.stderr
        assert data.exists()


def test_clean_removes_what_nobody_uses_but_the_downloads(tmp_path: Path) -> None:
    for folder in (".local", ".local/demo"):
        with sole_use(tmp_path / folder):
            pass
    for folder in (".local/cache/images", "build", ".mypy_cache"):
        (tmp_path / folder).mkdir(parents=True)
    done = clean(tmp_path)
    assert done.returncode == 0, done.stderr
    assert [entry.name for entry in tmp_path.iterdir()] == [".local"]
    assert [entry.name for entry in (tmp_path / ".local").iterdir()] == ["cache"]


def test_clean_has_nothing_to_do_in_a_fresh_clone(tmp_path: Path) -> None:
    assert clean(tmp_path).returncode == 0
