"""Child programs that never outlive their parent."""

import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Protocol, Self

from deploy.local import leftovers

_POLL_SECONDS = 0.05


class FailedError(RuntimeError):
    """A child ended, or did not get ready in time; the text ends with its last words."""


class Process:
    """One supervised program: own process group, output appended to a log file.

    The kernel kills the child when this process dies, however that happens (`setpriv
    --pdeathsig`). That signal follows the *thread* that forked, so each child is forked, awaited
    and reaped by a thread that lives exactly as long as the child does.
    """

    def __init__(
        self,
        name: str,
        argv: Sequence[str | Path],
        env: Mapping[str, str],
        log_file: Path,
        *,
        cwd: Path | None = None,
        pid_file: Path | None = None,
    ) -> None:
        self.name = name
        self.log_file = log_file
        self._argv = [str(part) for part in argv]
        self._env = dict(env)
        self._cwd = cwd
        self._pid_file = pid_file
        self._child: subprocess.Popen[bytes] | None = None
        self._signalling = threading.Lock()
        self._ended = threading.Event()

    @property
    def pid(self) -> int | None:
        """The running child's process id, None when there is none."""
        return self._child.pid if self._child is not None and self.alive() else None

    @property
    def returncode(self) -> int | None:
        """Exit status of the last run (negative: killed by that signal), None while it runs."""
        return None if self._child is None or self.alive() else self._child.returncode

    def alive(self) -> bool:
        """Whether the child was started and has not ended."""
        return self._child is not None and not self._ended.is_set()

    def start(self) -> None:
        """Start the program; `OSError` when it cannot be executed."""
        if self.alive():
            raise RuntimeError(f"{self.name} runs already")
        if shutil.which(self._argv[0], path=self._env.get("PATH", os.defpath)) is None:
            raise FileNotFoundError(f"{self.name}: no program {self._argv[0]}")
        self._ended = threading.Event()
        spawned: Future[subprocess.Popen[bytes]] = Future()
        threading.Thread(
            target=self._keep, args=(spawned, self._ended), name=self.name, daemon=True
        ).start()
        self._child = spawned.result()

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end and return the exit status; `TimeoutError` when it does not come."""
        if self._child is None:
            raise RuntimeError(f"{self.name} was not started")
        if not self._ended.wait(timeout):
            raise TimeoutError(f"{self.name} still runs after {timeout} s")
        return self._child.returncode

    def terminate(self, timeout: float = 15) -> None:
        """Ask the program to end (SIGTERM) and wait; what still runs after `timeout` is killed."""
        if not self.alive():
            return
        self._signal(signal.SIGTERM)
        try:
            self._ended.wait(timeout)
        finally:
            self.kill()

    def kill(self) -> None:
        """End the whole process group at once (SIGKILL) and wait for it."""
        if self.alive():
            self._signal(signal.SIGKILL)
            self._ended.wait()

    def last_words(self, lines: int = 15) -> str:
        """End of the log file, for messages."""
        if not self.log_file.exists():
            return ""
        text = self.log_file.read_text("utf-8", errors="replace")
        return "\n".join(text.splitlines()[-lines:])

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.terminate()

    def _signal(self, number: signal.Signals) -> None:
        with self._signalling:
            if self._child is None or self._ended.is_set():
                return
            send = os.killpg if number == signal.SIGKILL else os.kill
            with suppress(ProcessLookupError):
                send(self._child.pid, number)

    def _keep(self, spawned: Future[subprocess.Popen[bytes]], ended: threading.Event) -> None:
        try:
            child = self._spawn()
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            spawned.set_exception(error)
            return
        spawned.set_result(child)
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        with self._signalling:
            # The dead leader still holds its number, so the group is certainly ours.
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
            if self._pid_file is not None:
                self._pid_file.unlink(missing_ok=True)
            ended.set()

    def _spawn(self) -> subprocess.Popen[bytes]:
        self.log_file.parent.mkdir(parents=True, exist_ok=True)
        mark = leftovers.new_mark()
        with self.log_file.open("ab") as log:
            child = subprocess.Popen(
                [*_tied_to_parent(), *self._argv],
                env=self._env | mark,
                cwd=self._cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        if self._pid_file is not None:
            leftovers.record(self._pid_file, child.pid, mark)
        return child


def _tied_to_parent() -> list[str]:
    """Prefix that ties a command's life to ours.

    The kernel's promise holds from the moment it is asked for, so the shell looks once whether we
    died before that; then it becomes the command.
    """
    setpriv = shutil.which("setpriv")
    alive = 'test "$PPID" = "$0" && exec "$@"'
    return [setpriv, "--pdeathsig=KILL", "sh", "-c", alive, str(os.getpid())] if setpriv else []


class Watched(Protocol):
    """A server to wait for, as a process or in a container."""

    def alive(self) -> bool: ...  # noqa: D102
    @property
    def returncode(self) -> int | None: ...  # noqa: D102
    def last_words(self) -> str: ...  # noqa: D102


def await_ready(
    ready: Callable[[], bool], *, what: str, timeout: float, process: Watched | None = None
) -> None:
    """Wait until `ready()` holds; `FailedError` when its process ends before, or time is up."""
    end = time.monotonic() + timeout
    while not ready():
        if process is not None and not process.alive():
            raise FailedError(f"{what} ended with {process.returncode}:\n{process.last_words()}")
        if time.monotonic() > end:
            words = f":\n{process.last_words()}" if process is not None else ""
            raise FailedError(f"{what} is not ready after {timeout:.0f} s{words}")
        time.sleep(_POLL_SECONDS)


@contextmanager
def signals_interrupt() -> Iterator[None]:
    """Let SIGTERM and SIGHUP unwind the stack as Ctrl-C does, so that every `with` block closes."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    numbers = (signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, interrupt) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
