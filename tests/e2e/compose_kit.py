"""What the tests of the stack in containers share."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from deploy.compose.make_secrets import PRIVATE_KEY
from deploy.local.stack import issued
from tests.e2e.compose_engine import Stack

ALERT_SECONDS = 60
PROXY_PORT = 8080
INTAKE = ("programmes", "python", "-m", "services.intake")


def eventually(look: Callable[[], Any], expected: Any, seconds: float = ALERT_SECONDS) -> None:
    """Wait for what is bound to come; fail with what is there instead."""
    end, seen = time.monotonic() + seconds, None
    while seen != expected and time.monotonic() < end:
        with suppress(httpx.TransportError, httpx.HTTPStatusError):
            seen = look()
        time.sleep(0.2)
    assert seen == expected, f"{seen!r} and not {expected!r}"


def within(stack: Stack, container: str, script: str) -> str:
    """Run Python in a container; what it prints."""
    return stack.compose("exec", "-T", container, "python", "-c", script).strip()


@dataclass(frozen=True)
class Front:
    """The stack as people see it: below the proxy's address."""

    stack: Stack
    folder: Path
    scheme: str = "http"

    @property
    def origin(self) -> str:
        """The one address."""
        return f"{self.scheme}://{self.stack.url('proxy', PROXY_PORT).partition('://')[2]}"

    def url(self, service: str) -> str:
        """What a service's pages and API lie below."""
        return f"{self.origin}/{service}"

    def headers(self, *grants: str) -> dict[str, str]:
        """What a machine sends that has a token by command."""
        key = self.folder / PRIVATE_KEY
        if not key.exists():
            key.touch(mode=0o600)
            key.write_text(self.stack.originals()[PRIVATE_KEY])
        return {"Authorization": f"Bearer {issued(key, 'penguji', grants)}"}

    def command(self, *words: str, files: Path | None = None) -> str:
        """Run one of intake's commands as deploy/compose/README.md does, with a folder of files."""
        seen = ("--volume", f"{files}:/berkas") if files else ()
        return self.stack.compose("run", "--rm", "--no-deps", "-T", *seen, *INTAKE, *words)

    def first_admin(self, login: str) -> str:
        """Invite an admin by command; the code of his link."""
        said = self.command("accounts", "first-admin", "--login", login, "--by", "kantor")
        address, _, code = said.strip().rpartition("#")
        assert address.endswith("/masuk/undangan")
        return code
