"""The docker command, with the engine it speaks to."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.local.errors import UnavailableError

_LAST_LINES = 25


@dataclass(frozen=True)
class Docker:
    """Runs docker with this machine's environment and these additions, DOCKER_HOST among them."""

    additions: Mapping[str, str]

    @property
    def environment(self) -> dict[str, str]:
        """What docker, and whoever calls it on our behalf, is started with."""
        return {**os.environ, **self.additions}

    def told(self, more: Mapping[str, str]) -> "Docker":
        """Return the same command with more additions to its environment."""
        return Docker({**self.additions, **more})

    def ask(self, *words: str, seconds: float = 60) -> subprocess.CompletedProcess[str]:
        """Run `docker WORDS`, whatever comes of it; an answer that takes too long is a failure."""
        command = ["docker", *words]
        try:
            return subprocess.run(
                command,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=seconds,
                check=False,
            )
        except FileNotFoundError:
            return subprocess.CompletedProcess(command, 127, "", "there is no program docker")
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess(command, 124, "", f"no answer within {seconds:g} s")

    def run(self, *words: str, seconds: float = 60) -> str:
        """Return what `docker WORDS` prints; `UnavailableError` with its last words if it fails."""
        done = self.ask(*words, seconds=seconds)
        if done.returncode:
            last = "\n".join((done.stdout + done.stderr).strip().splitlines()[-_LAST_LINES:])
            raise UnavailableError(f"docker {' '.join(words)} failed:\n{last}")
        return done.stdout

    def has_image(self, name: str) -> bool:
        """Whether the engine holds the image already."""
        return self.ask("image", "inspect", name).returncode == 0

    def feed(self, archive: Path, *words: str, seconds: float = 600) -> None:
        """Run `docker WORDS` with a file as its input."""
        with archive.open("rb") as content:
            done = subprocess.run(
                ["docker", *words],
                env=self.environment,
                stdin=content,
                capture_output=True,
                timeout=seconds,
                check=False,
            )
        if done.returncode:
            raise UnavailableError(f"docker {' '.join(words)} failed: {done.stderr.decode()}")
