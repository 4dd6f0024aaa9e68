import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.local import apt
from deploy.local.errors import UnavailableError

APT_GET = """#!/bin/sh
for word; do case $word in install|update) verb=$word;; esac; done
echo "apt-get $verb $(cat "{policy}" 2> /dev/null | tail -1)" >> "{log}"
test "$verb" = install || {{ touch "{lists}"; exit 0; }}
test -e "{lists}" || {{ echo 'E: Unable to locate package' >&2; exit 100; }}
touch "{units}/rabbitmq-server.service"
"""
NOTED = '#!/bin/sh\necho "${{0##*/}} $*" >> "{log}"\n'


@dataclass
class _Machine:
    """A Debian machine in a folder, whose apt-get and the like only write down their calls."""

    folder: Path

    @property
    def policy(self) -> Path:
        return self.folder / "policy-rc.d"

    @property
    def lists(self) -> Path:
        return self.folder / "lists"

    def calls(self) -> list[str]:
        return (self.folder / "log").read_text().splitlines()


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> _Machine:
    made = _Machine(tmp_path)
    (tmp_path / "units").mkdir()
    paths = {
        "policy": made.policy,
        "log": tmp_path / "log",
        "lists": made.lists,
        "units": tmp_path / "units",
    }
    for name, text in (
        ("apt-get", APT_GET),
        ("systemctl", NOTED),
        ("update-rc.d", NOTED),
    ):
        (tmp_path / name).write_text(text.format(**paths))
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(apt, "_POLICY", made.policy)
    monkeypatch.setattr(apt, "_UNIT_FOLDERS", (tmp_path / "units",))
    return made


def install(*packages: str) -> None:
    apt.install(packages or ("rabbitmq-server",), lambda _: None)


def test_no_server_starts_while_packages_are_installed(machine: _Machine) -> None:
    machine.lists.touch()
    install()
    assert machine.calls()[0] == "apt-get install exit 101"
    assert not machine.policy.exists()


def test_new_servers_are_not_left_enabled(machine: _Machine) -> None:
    machine.lists.touch()
    install()
    assert machine.calls()[1:] == [
        "update-rc.d rabbitmq-server disable",
        "systemctl disable rabbitmq-server.service",
        "systemctl stop rabbitmq-server.service",
    ]


def test_a_server_that_was_there_before_is_left_alone(machine: _Machine) -> None:
    machine.lists.touch()
    (machine.folder / "units" / "rabbitmq-server.service").touch()
    install()
    assert machine.calls() == ["apt-get install exit 101"]


def test_the_machines_own_policy_stays(machine: _Machine) -> None:
    machine.lists.touch()
    machine.policy.write_text("#!/bin/sh\nexit 0\n")
    install()
    assert machine.calls()[0] == "apt-get install exit 0"
    assert machine.policy.read_text() == "#!/bin/sh\nexit 0\n"


def test_old_package_lists_are_fetched_and_the_install_tried_again(machine: _Machine) -> None:
    install()
    verbs = [call.split()[1] for call in machine.calls() if call.startswith("apt-get")]
    assert verbs == ["install", "update", "install"]


def test_why_apt_could_not_is_told(machine: _Machine) -> None:
    shutil.copy("/bin/false", machine.folder / "touch")
    with pytest.raises(UnavailableError, match="could not install nonsuch: E: Unable to locate"):
        install("nonsuch")
    assert not machine.policy.exists()
