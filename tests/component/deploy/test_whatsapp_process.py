"""The sandbox as a program: its keys, its port, its end."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from pydantic import ValidationError

from deploy.local.folder import ROOT
from deploy.local.whatsapp.__main__ import settings
from deploy.local.whatsapp.settings import PREFIX
from tests.component.deploy.whatsapp_kit import FIRST, KEYS

ENVIRONMENT = {
    "WHATSAPP_SANDBOX_ACCESS_TOKEN": KEYS.access_token,
    "WHATSAPP_SANDBOX_APP_SECRET": KEYS.app_secret,
    "WHATSAPP_SANDBOX_VERIFY_TOKEN": KEYS.verify_token,
    "WHATSAPP_SANDBOX_CONTROL_KEY": KEYS.control_key,
    "WHATSAPP_SANDBOX_NUMBERS": f"{FIRST}=+62 526 200 0001",
}
WAIT = 60


@contextmanager
def program(environment: Mapping[str, str], *words: str) -> Iterator[subprocess.Popen[str]]:
    """The program with this environment, ended at the end of the block."""
    command: Sequence[str] = [sys.executable, "-m", "deploy.local.whatsapp", *words]
    given = {"PATH": os.environ.get("PATH", os.defpath), **environment}
    with subprocess.Popen(
        command, cwd=ROOT, env=given, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        try:
            yield child
        finally:
            if child.poll() is None:
                child.kill()


def test_it_serves_on_loopback_and_ends_at_a_signal() -> None:
    with program(ENVIRONMENT, "--port", "0") as child:
        assert child.stdout
        name, _, origin = child.stdout.readline().strip().partition(": ")
        assert name == "WhatsApp sandbox"
        assert origin.startswith("http://127.0.0.1:")
        headers = {"Authorization": f"Bearer {KEYS.access_token}"}
        told = httpx.get(f"{origin}/v25.0/{FIRST}", headers=headers, timeout=WAIT)
        assert told.json()["display_phone_number"] == "+62 526 200 0001"
        assert httpx.get(f"{origin}/_sandbox/sent", timeout=WAIT).status_code == 401
        child.send_signal(signal.SIGTERM)
        assert child.wait(WAIT) in {0, -signal.SIGTERM}


def test_without_a_key_it_does_not_start() -> None:
    given = dict(ENVIRONMENT)
    del given["WHATSAPP_SANDBOX_APP_SECRET"]
    with program(given) as child:
        said, why = child.communicate(timeout=WAIT)
        assert (child.returncode, said) == (2, "")
        assert why.startswith("WHATSAPP_SANDBOX_APP_SECRET: ")


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, None) for name in ENVIRONMENT]
    + [
        ("WHATSAPP_SANDBOX_ACCESS_TOKEN", "pendek"),
        ("WHATSAPP_SANDBOX_NUMBERS", "satu=+62 526 200 0001"),
        ("WHATSAPP_SANDBOX_NUMBERS", "1=+62 526"),
        ("WHATSAPP_SANDBOX_NUMBERS", "1=+62 526 200 0001,1=+62 526 200 0002"),
        ("WHATSAPP_SANDBOX_PORT", "70000"),
    ],
)
def test_a_setting_that_is_missing_or_wrong_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str | None
) -> None:
    for key, said in ENVIRONMENT.items():
        monkeypatch.setenv(key, said)
    if value is None:
        monkeypatch.delenv(name)
    else:
        monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError) as refused:
        settings([])
    assert f"{PREFIX}{refused.value.errors()[0]['loc'][0]}".upper() == name
    assert value is None or value not in str(refused.value)


def test_arguments_come_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for key, said in {**ENVIRONMENT, "WHATSAPP_SANDBOX_PORT": "1"}.items():
        monkeypatch.setenv(key, said)
    wanted = settings(["--port", "0", "--numbers", "7=+62 526 200 0007", "--per-second", "5"])
    assert (wanted.port, wanted.per_second, wanted.published()[0].id) == (0, 5, "7")
    assert KEYS.access_token not in repr(wanted)
    assert KEYS.access_token not in repr(wanted.keys())


def test_a_key_may_stand_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{KEYS.control_key}\n", "utf-8")
    environment = dict(ENVIRONMENT)
    del environment["WHATSAPP_SANDBOX_CONTROL_KEY"]
    environment["WHATSAPP_SANDBOX_CONTROL_KEY_FILE"] = str(tmp_path / "key")
    with program(environment) as child:
        assert child.stdout
        origin = child.stdout.readline().strip().partition(": ")[2]
        headers = {"Authorization": f"Bearer {KEYS.control_key}"}
        assert httpx.get(f"{origin}/_sandbox/sent", headers=headers, timeout=WAIT).json() == []
