import re
from pathlib import Path

import pytest

from deploy.provision import service_names

FOLDER = Path(__file__).parents[3] / "deploy" / "requirements"
LOCKS = sorted(path.name for path in FOLDER.glob("*.txt"))
SERVICES = service_names()
PINNED = re.compile(r"^([a-z0-9-]+)==([^ ;]+)", re.MULTILINE)


def text(name: str) -> str:
    return (FOLDER / name).read_text("utf-8")


def pinned(lock: str) -> dict[str, str]:
    return dict(PINNED.findall(text(lock)))


def wanted(name: str) -> set[str]:
    """Packages an .in file asks for, those of the files it includes too."""
    found: set[str] = set()
    for line in text(name).splitlines():
        if line.startswith("-r "):
            found |= wanted(line.removeprefix("-r "))
        elif line and not line.startswith("#"):
            found.add(re.split(r"[\[=]", line)[0].lower())
    return found


def test_there_is_a_lock_for_each_service_and_for_development() -> None:
    assert set(LOCKS) == {f"{name}.txt" for name in [*SERVICES, "dev", "mongod"]}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_what_was_asked_for(lock: str) -> None:
    assert wanted(lock.replace(".txt", ".in")) <= pinned(lock).keys()


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_is_pinned_by_hash_and_no_address_is_recorded(lock: str) -> None:
    for entry in re.split(r"\n(?! )", text(lock).strip()):
        assert PINNED.match(entry), entry
        assert "--hash=sha256:" in entry, entry
    assert not re.search(r"https?:|index-url|find-links", text(lock))


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_runs_on_the_versions_it_was_tested_with(service: str) -> None:
    assert pinned(f"{service}.txt").items() <= pinned("dev.txt").items()
