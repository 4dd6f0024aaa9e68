"""Commands at the shell say who acts."""

from pathlib import Path

import pytest

from services.intake.cli import main
from services.intake.config import Settings
from shared.sealing.masterkeys import load
from tests.unit.intake.sample import NIK

COPY = ("programmes", "copy", "botram", "sregep", "--name", "SREGEP", "--owner", "Kesra")
AGAIN = ("programmes", "republish", "botram", "--version", "7")


def never() -> Settings:
    """Stand for settings that are not read: the command is refused before."""
    raise AssertionError


@pytest.mark.parametrize("by", [(), ("--by", NIK), ("--by", "a-0812 0000 0001"), ("--by", "")])
@pytest.mark.parametrize("command", [("programmes", "publish", "botram.json"), COPY, AGAIN])
def test_a_changing_command_needs_a_pseudonymous_account(
    command: tuple[str, ...], by: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*command, *by], never)

    assert ended.value.code == 2
    assert "--by" in capsys.readouterr().err


@pytest.mark.parametrize("grant", ["admin:*:*", "supervisor:botram:32.16", "auditor:*:*", "x"])
def test_a_machine_gets_no_right_of_those_who_sign_in_with_a_code(
    grant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    made = ("machines", "token", "--name", "m-1", "--purpose", "Impor", "--days", "9")
    with pytest.raises(SystemExit) as ended:
        main([*made, "--grant", grant, "--by", "admin-1"], never)

    assert ended.value.code == 2
    assert "--grant" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ("--by", "admin-1", "--reason", "Hilang"),
        ("--token", "t-1", "--name", "m-1", "--by", "admin-1", "--reason", "Hilang"),
        ("--token", "t-1", "--by", "admin-1"),
        ("--token", "t-1", "--reason", "Hilang"),
        ("--name", NIK, "--by", "admin-1", "--reason", "Hilang"),
        ("--name", "m-1", "--by", "admin-1", "--reason", f"NIK {NIK}"),
    ],
)
def test_a_machine_is_ended_by_somebody_for_a_reason_and_by_one_of_two(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["machines", "end", *words], never)

    assert ended.value.code == 2
    assert NIK not in capsys.readouterr().err


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


ERASE = ("residents", "erase", "--resident", "r-1")


@pytest.mark.parametrize(
    "command",
    [
        ERASE,
        (*ERASE, "--by", NIK),
        ("residents", "approve", "--resident", "r-1"),
        ("residents", "export", "--resident", "r-1"),
        ("residents", "apply-erasures"),
        ("residents", "retention", "--programme", "botram"),
        ("keys", "rotate"),
        ("keys", "rewrap"),
        ("keys", "retire", "--key", "k-1"),
        ("residents", "export", "--resident", "r-1", "--by", "a-1", "--reason", f"NIK {NIK}"),
    ],
)
def test_what_concerns_persons_and_keys_has_an_account_and_no_number(
    command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*command], never)

    assert ended.value.code == 2
    assert NIK not in capsys.readouterr().err


def test_the_first_master_key_needs_no_settings_and_no_database(tmp_path: Path) -> None:
    file = tmp_path / "keys"

    first = main(["keys", "new", "--file", str(file)], never)
    second = main(["keys", "new", "--file", str(file)], never)

    assert (first[0], second[0]) == (0, 0)
    assert [f"new master key {id_}" for id_ in load(file).ids] == [*second[1], *first[1]]


def test_a_key_that_cannot_be_written_is_refused_with_a_sentence(tmp_path: Path) -> None:
    missing = tmp_path / "no-such-folder" / "keys"

    status, lines = main(["keys", "new", "--file", str(missing)], never)

    assert status == 1
    assert lines[0].startswith("refused: ")


@pytest.mark.parametrize(
    "command",
    [
        ("accounts", "first-admin", "--login", "kepala"),
        ("accounts", "first-admin", "--login", "x y", "--by", "a-1"),
        ("audit", "verify", "--head", "1:abc"),
    ],
)
def test_what_an_account_or_head_cannot_be_is_refused_before_anything_is_opened(
    command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*command], never)

    assert ended.value.code == 2
    assert capsys.readouterr().err
