"""Breached passwords and codes of an authenticator app."""

from datetime import UTC, datetime
from hashlib import sha1
from pathlib import Path

import pytest

from shared.auth.breached import BreachedPasswords
from shared.auth.secondfactor import address, new_secret, step_of

RFC_6238 = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
"""The secret of RFC 6238's test vectors."""


@pytest.mark.parametrize("text", ["password", "PASSWORD", "1234password!!", "qwerty123456"])
def test_a_common_password_is_held_also_between_digits_and_marks(text: str) -> None:
    assert BreachedPasswords().holds(text)


@pytest.mark.parametrize("text", ["kebun teh di Puncak 7", "", "1234 !!"])
def test_another_one_is_not(text: str) -> None:
    assert not BreachedPasswords().holds(text)


def test_a_file_of_an_offices_own_is_held_in_plain_and_as_digests(tmp_path: Path) -> None:
    digest = sha1(b"rahasia kantor kami", usedforsecurity=False).hexdigest().upper()
    file = tmp_path / "breached.txt"
    file.write_text(f"bekasi kota patriot\r\n{digest}:42\n\n{'0' * 40}\n")
    listed = BreachedPasswords(file)
    assert listed.holds("bekasi kota patriot")
    assert listed.holds("rahasia kantor kami")
    assert not listed.holds("rahasia kantor lain")


@pytest.mark.parametrize(
    ("seconds", "code"), [(59, "287082"), (1111111109, "081804"), (2000000000, "279037")]
)
def test_codes_are_those_of_rfc_6238(seconds: int, code: str) -> None:
    now = datetime.fromtimestamp(seconds, UTC)
    assert step_of(RFC_6238, code, now) == seconds // 30


@pytest.mark.parametrize(("apart", "taken"), [(-60, False), (-30, True), (30, True), (60, False)])
def test_a_clock_may_be_half_a_minute_off(*, apart: int, taken: bool) -> None:
    now = datetime.fromtimestamp(1111111109 + apart, UTC)
    assert (step_of(RFC_6238, "081804", now) is not None) is taken


@pytest.mark.parametrize("code", ["", "28708", "2870822", "28708a", "٢٨٧٠٨٢", " 87082"])
def test_what_is_no_code_is_none(code: str) -> None:
    assert step_of(RFC_6238, code, datetime.fromtimestamp(59, UTC)) is None


def test_secrets_differ_and_an_app_reads_the_address() -> None:
    assert new_secret() != new_secret()
    said = address(RFC_6238, "siti", "Jemput")
    assert said == f"otpauth://totp/Jemput:siti?secret={RFC_6238}&issuer=Jemput"
