"""Keys that change while a process runs."""

import threading
from datetime import timedelta
from pathlib import Path

import pytest

from shared.auth.__main__ import main
from shared.auth.keys import InvalidKey, SigningKey, load_private, load_public, write_public
from shared.auth.roles import Grant
from shared.auth.tokens import InvalidToken, Issuer, Verifier
from shared.auth.watched import EVERY, Watched
from tests.unit.shared.web_kit import Clock

GRANTS = [Grant.parse("operator:botram:32.16")]
HOUR = timedelta(hours=1)


class Timer:
    """Seconds, as told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Now."""
        return self.now


def token(key: SigningKey) -> str:
    return Issuer(key, Clock()).issue("agus", GRANTS, HOUR)


def put(path: Path, *keys: SigningKey) -> None:
    write_public(path, {key.kid: key.public for key in keys})


def test_a_token_of_a_new_key_is_believed_at_once(tmp_path: Path) -> None:
    old, new = SigningKey.generate(), SigningKey.generate()
    put(tmp_path / "keys.json", old)
    verifier = Verifier(Watched(tmp_path / "keys.json", load_public, timer=Timer()), Clock())
    with pytest.raises(InvalidToken, match="unknown key"):
        verifier.verify(token(new))

    put(tmp_path / "keys.json", old, new)

    assert verifier.verify(token(new)).subject == "agus"
    assert verifier.verify(token(old)).subject == "agus"


def test_a_retired_key_is_believed_no_longer_than_stated(tmp_path: Path) -> None:
    old, new, timer = SigningKey.generate(), SigningKey.generate(), Timer()
    put(tmp_path / "keys.json", old, new)
    verifier = Verifier(Watched(tmp_path / "keys.json", load_public, timer=timer), Clock())
    held = token(old)
    verifier.verify(held)

    put(tmp_path / "keys.json", new)
    timer.now = EVERY

    with pytest.raises(InvalidToken, match="unknown key"):
        verifier.verify(held)


@pytest.mark.parametrize("spoilt", ["not a key set", None])
def test_a_file_that_cannot_be_read_leaves_the_keys_as_they_are(
    tmp_path: Path, spoilt: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    path, key, timer = tmp_path / "keys.json", SigningKey.generate(), Timer()
    put(path, key)
    watched = Watched(path, load_public, timer=timer)
    if spoilt is None:
        path.unlink()
    else:
        path.write_text(spoilt)

    for _ in range(3):
        timer.now += EVERY
        assert set(watched.current()) == {key.kid}
    assert caplog.messages == ["a key file cannot be read; the keys of before stay"]

    other = SigningKey.generate()
    put(path, other)
    timer.now += EVERY
    assert set(watched.current()) == {other.kid}


def test_the_first_reading_must_succeed(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text("{}")
    with pytest.raises(InvalidKey):
        Watched(tmp_path / "keys.json", load_public)


def test_rotated_while_requests_run_nothing_is_refused(tmp_path: Path) -> None:
    private, public = tmp_path / "key.pem", tmp_path / "keys.json"
    files = ["--private", str(private), "--public", str(public)]
    assert main(["keys", *files], Clock()) == 0
    signing = Watched(private, load_private)
    verifier = Verifier(Watched(public, load_public), Clock())
    first, kids, ended = signing.current().kid, set(), threading.Event()

    def rotate() -> None:
        for _ in range(5):
            assert main(["rotate", *files], Clock()) == 0
        ended.set()

    rotating = threading.Thread(target=rotate)
    rotating.start()
    asked = 0
    while not ended.is_set() or asked < 100:
        key = signing.refreshed()
        kids.add(key.kid)
        assert verifier.verify(token(key)).subject == "agus"
        asked += 1
    rotating.join(timeout=20)

    assert signing.refreshed().kid != first
    assert len(load_public(public)) == 6
    assert private.stat().st_mode & 0o077 == 0
