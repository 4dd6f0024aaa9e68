"""`make up` on an empty folder: what it prints is run as printed, and what dies comes back."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, Queue
from threading import Thread

import httpx
import pytest

from deploy.local.folder import ROOT
from deploy.local.processes import await_ready

READY = "Ctrl-C stops them."


@dataclass
class Up:
    """The running command and its lines so far."""

    process: "subprocess.Popen[str]"
    folder: Path
    said: list[str] = field(default_factory=list)
    _lines: "Queue[str]" = field(default_factory=Queue)

    def listen(self) -> None:
        """Take its lines in while it runs."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line.rstrip("\n"))

    def until(self, part: str, seconds: float = 120) -> str:
        """Return the next line that holds this; fail with all that was said otherwise."""
        while True:
            try:
                line = self._lines.get(timeout=seconds)
            except Empty:
                raise AssertionError(f"never said {part!r}: {self.said}") from None
            self.said.append(line)
            if part in line:
                return line

    def after(self, words: str) -> str:
        """Return the line below the one that begins with these words."""
        found = [n for n, line in enumerate(self.said) if line.strip().startswith(words)]
        assert len(found) == 1, self.said
        return self.said[found[0] + 1].strip()

    @property
    def address(self) -> str:
        """Return the one address that it names, without a slash at its end."""
        (found,) = [line.split()[1] for line in self.said if line.startswith("Jemput:")]
        return found.rstrip("/")

    def pid(self, service: str) -> int:
        """Return the id of the service's process."""
        text = (self.folder / "stack" / "log" / f"{service}.pid").read_text("utf-8")
        return int(re.findall(r'"pid": (\d+)', text)[0])


@contextmanager
def up(folder: Path, *words: str) -> Iterator[Up]:
    """`make up` from here to its end by Ctrl-C; it must end in good order."""
    # Where the tests run in the background Ctrl-C is ignored, and so by their children.
    heeded = ["env", "--default-signal=INT", sys.executable]
    command = [*heeded, "-m", "deploy.local", "up", "--data", str(folder), *words]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        one = Up(process, folder)
        Thread(target=one.listen, daemon=True).start()
        try:
            one.until(READY)
            yield one
        finally:
            process.send_signal(signal.SIGINT)
            _ended(process)


def _ended(process: "subprocess.Popen[str]") -> None:
    """Wait until Ctrl-C has ended it; else have it end its servers, and let the test fail."""
    try:
        process.wait(90)
    except subprocess.TimeoutExpired:
        process.terminate()
        process.wait(90)
        raise


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("up")


def shell(line: str) -> str:
    """Run a line as somebody who pastes it, in the project's folder."""
    done = subprocess.run(
        ["bash", "-c", line], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, (line, done.stdout, done.stderr)
    return done.stdout


@contextmanager
def sign_in(one: Up) -> Iterator[httpx.Client]:
    """Do what the page asks for, with what the printed line prints."""
    address = one.address
    token = shell(one.after("sign in"))
    with httpx.Client(timeout=30) as client:
        answer = client.post(f"{address}/masuk", data={"token": token}, headers={"Origin": address})
        assert answer.status_code == httpx.codes.SEE_OTHER, answer.text
        yield client


def test_what_is_printed_is_true(folder: Path) -> None:
    with up(folder) as one:
        shipped = [line for line in one.said if line.startswith("programme: ")]
        names = ["botram:", "dik_jamila:", "halo_pamor:"]
        assert [line.split()[1] for line in shipped] == names * 3, "each, its catalogue and its SOP"
        file = folder / "stack" / "token"
        assert file.stat().st_mode & 0o777 == 0o600
        first = file.read_text("utf-8")
        assert first.strip() not in "".join(one.said)
        _commands_run(one)
        shell(one.after("plan"))
        assert '"case_id"' in shell(one.after("record"))
        shown = one.after("see")
        assert (
            httpx.get(shown, headers={"Accept": "text/html"})
            .headers["location"]
            .startswith("/masuk?lanjut=%2Freporting%2Facara%2F")
        )
        assert all(line.count("127.0.0.1") <= 1 for line in one.said)
        with sign_in(one) as client:
            await_ready(
                lambda: "<strong>1</strong> Permohonan" in client.get(shown).text,
                what="the request on the page",
                timeout=60,
            )
        _change_programme(one)
    with up(folder) as one:
        assert "programme: botram: version 4" in one.said
        assert file.read_text("utf-8") != first
        with sign_in(one) as client:
            assert "<strong>1</strong> Permohonan" in client.get(shown).text


def _change_programme(one: Up) -> None:
    """Publish a version of the office's own, with a token as an admin makes one."""
    key = folder_of_key(one)
    token = shell(
        f"{sys.executable} -m shared.auth token --private {key}"
        " --subject admin --grant admin:*:* --hours 1"
    ).strip()
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "own-version-1"}
    url = f"{one.address}/intake/api/programmes/botram"
    body = httpx.get(url, headers=headers).raise_for_status().json()
    told = {"programme_id", "version", "copied_from", "catalogue_version", "sop_version"}
    body = {name: said for name, said in body.items() if name not in told}
    changed = httpx.put(url, headers=headers, json={**body, "name": "BOTRAM kami"})
    assert changed.raise_for_status().json()["version"] == 4


def _commands_run(one: Up) -> None:
    """Run the command that is printed, and one of each other service by its own file."""
    line = next(line for line in one.said if line.startswith("commands:"))
    run = line.removeprefix("commands:").strip()
    shell(run)
    settings = one.folder / "stack" / "settings"
    assert settings.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in settings.iterdir()} == {0o600}
    for service in ("scheduler", "courier", "reporting"):
        words = "recount" if service == "reporting" else "audit verify"
        other = run.replace("intake", service).replace("accounts requests", words)
        shell(other)
    link = shell(run.replace("requests", "first-admin --login kepala --by kantor"))
    assert f"{one.address}/masuk/undangan#" in link


def folder_of_key(one: Up) -> str:
    """Return the key's file as `make up` names it."""
    line = next(line for line in one.said if line.startswith("token:"))
    return line.split("--private ")[1].split()[0]


def test_a_service_that_dies_comes_back_and_it_is_said_in_one_line(folder: Path) -> None:
    with up(folder) as one:
        before = one.pid("courier")
        os.kill(before, signal.SIGKILL)
        said = one.until("courier ended")
        assert "status -9" in said
        assert "started again in 1 s" in said

        def back() -> bool:
            try:
                return httpx.get(f"{one.address}/courier/api/openapi.json").is_success
            except httpx.TransportError:
                return False

        await_ready(back, what="courier", timeout=60)
        assert one.pid("courier") != before
