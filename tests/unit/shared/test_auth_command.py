from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from shared.auth.__main__ import main
from shared.auth.keys import load_private, load_public
from shared.auth.tokens import InvalidToken, Verifier
from tests.unit.shared.web_kit import NOW, Clock


@dataclass
class Command:
    """The command, run with one pair of files."""

    private: Path
    public: Path
    capture: pytest.CaptureFixture[str]

    def __call__(self, name: str, *more: str) -> str:
        """Run it; what it printed, on stderr when refused."""
        paths = ["--private", str(self.private), "--public", str(self.public)]
        if name in {"token", "retire"}:
            paths = paths[:2] if name == "token" else paths[2:]
        status = main([name, *paths, *more], Clock())
        printed = self.capture.readouterr()
        assert bool(status) == bool(printed.err)
        return printed.err if status else printed.out.strip()

    def verifier(self) -> Verifier:
        """What a service makes of the public file."""
        return Verifier(load_public(self.public), Clock())


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(tmp_path / "key.pem", tmp_path / "public.json", capsys)


def token(run: Command) -> str:
    return run("token", "--subject", "agus", "--grant", "operator:botram:32.16",
               "--grant", "head:*:*", "--hours", "12")  # fmt: skip


def test_keys_are_created_once(run: Command) -> None:
    assert "created key" in run("keys")
    before = run.private.read_bytes(), run.public.read_bytes()
    assert "refused: public.json exists already" in run("keys")
    assert (run.private.read_bytes(), run.public.read_bytes()) == before
    run.public.unlink()
    assert "refused: key.pem exists already" in run("keys")


def test_a_token_by_command_is_believed(run: Command) -> None:
    run("keys")
    caller = run.verifier().verify(token(run))
    assert caller.subject == "agus"
    assert [str(grant) for grant in caller.grants] == ["operator:botram:32.16", "head:*:*"]
    assert caller.expires_at == NOW + timedelta(hours=12)


def test_after_a_rotation_old_and_new_tokens_are_believed_until_the_old_key_retires(
    run: Command,
) -> None:
    run("keys")
    first, old = load_private(run.private).kid, token(run)
    run("rotate")
    new = token(run)
    assert load_private(run.private).kid != first
    assert {run.verifier().verify(text).subject for text in (old, new)} == {"agus"}
    assert "retired" in run("retire", "--kid", first)
    with pytest.raises(InvalidToken, match="unknown key"):
        run.verifier().verify(old)
    assert run.verifier().verify(new).subject == "agus"
    assert "no key" in run("retire", "--kid", first)
    assert "1 to 16" in run("retire", "--kid", load_private(run.private).kid)


def test_rotating_nothing_is_refused(run: Command) -> None:
    assert "refused" in run("rotate")
    assert not run.private.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        ("--grant", "boss:botram:*", "--hours", "1"),
        ("--grant", "operator:botram:*", "--hours", "0"),
        ("--grant", "operator:botram:*", "--hours", "1e300"),
        ("--grant", "operator:botram:*", "--hours", "nan"),
    ],
)
def test_a_wrong_token_request_is_refused_in_a_sentence(
    run: Command, wrong: tuple[str, ...]
) -> None:
    run("keys")
    assert run("token", "--subject", "agus", *wrong).startswith("refused: ")
