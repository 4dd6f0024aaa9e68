"""Commands at the shell say who acts."""

from pathlib import Path

import pytest

from services.intake.cli import main
from services.intake.config import Settings
from tests.unit.intake.sample import NIK

COPY = ("programmes", "copy", "botram", "sregep", "--name", "SREGEP", "--owner", "Kesra")


def never() -> Settings:
    """Stand for settings that are not read: the command is refused before."""
    raise AssertionError


@pytest.mark.parametrize("by", [(), ("--by", NIK), ("--by", "a-0812 0000 0001"), ("--by", "")])
@pytest.mark.parametrize("command", [("programmes", "publish", "botram.json"), COPY])
def test_a_changing_command_needs_a_pseudonymous_account(
    command: tuple[str, ...], by: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*command, *by], never)

    assert ended.value.code == 2
    assert "--by" in capsys.readouterr().err


def test_settings_with_a_short_secret_are_refused_without_showing_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "secret"
    file.write_text(f"{'a' * 32}\nshort\n")

    for name in ("AMQP_URL", "MONGO_URL", "TOKEN_KEYS"):
        monkeypatch.setenv(f"INTAKE_{name}", "nowhere")
    monkeypatch.setenv("INTAKE_SEALING_KEYS", "nowhere")
    monkeypatch.setenv("INTAKE_SIGNING_KEY", "nowhere")
    monkeypatch.setenv("INTAKE_LOOKUP_SECRET", "b" * 32)
    monkeypatch.setenv("INTAKE_TRACKING_SECRET_FILE", str(file))

    with pytest.raises(ValueError, match="32 characters") as refused:
        Settings()

    assert "aaaa" not in str(refused.value)
