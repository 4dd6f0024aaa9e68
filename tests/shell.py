"""Commands as an operator runs them: a process beside the service, with its settings."""

import subprocess
import sys
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from deploy.local.folder import ROOT
from deploy.local.stack import Stack

_SECONDS: Final = 120
_NOTHING: Final = MappingProxyType[str, str]({})


def shell(stack: Stack, service: str, *words: str) -> str:
    """Run a command of a service that has to be carried out; what it says."""
    status, said = tried(stack, service, *words)
    assert status == 0, f"{words[:2]}: {said[-500:]}"
    return said


def tried(
    stack: Stack, service: str, *words: str, told: Mapping[str, str] = _NOTHING
) -> tuple[int, str]:
    """Run a command of a service; its exit status and what it says, refusals too.

    `told` is what its environment has besides.
    """
    done = subprocess.run(
        [sys.executable, "-m", f"services.{service}", *words],
        cwd=ROOT,
        env={**stack._environment(service), **told},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    return done.returncode, done.stdout
