"""Rules of accounts, sessions and their codes, without anything around them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.domain import (
    Account,
    AccountCodes,
    Device,
    Devices,
    Ended,
    Limits,
    Refused,
    Reuse,
    Session,
    Standing,
    checked_login,
    checked_password,
)

NOW = datetime(2023, 3, 11, 2, 15, tzinfo=UTC)
FIRST, SECOND = b"a" * 32, b"b" * 32
ACCOUNT = Account(
    id="a-1",
    version=1,
    login="key",
    sealed={"login": "sealed"},
    grants=("operator:botram:32.16",),
    standing=Standing.INVITED,
    invited_by="a-0",
    created_at=NOW,
)
SESSION = Session("s-1", began_at=NOW, used_at=NOW, proved_at=NOW, token="t-0")
DEVICE = Device("d-1", "Chrome", NOW, NOW, session=SESSION)


def rotated(devices: Devices, shown: str, fresh: str, proof: str, at: datetime) -> Devices:
    (device,) = devices.devices
    return devices.refreshed(device, shown, proof, fresh, at, Limits())


def test_a_secret_that_follows_another_makes_and_both_recognise() -> None:
    old, both = AccountCodes(FIRST), AccountCodes(SECOND, FIRST)
    link, refresh = old.link_code("i-1"), old.refresh_token("a-1", "s-1")
    assert both.invitation_of(link) == "i-1"
    found = both.refresh_of(refresh)
    assert found is not None
    assert (found.account_id, found.session_id) == ("a-1", "s-1")
    assert old.login_keys("siti")[0] == both.login_keys("siti")[1]
    assert old.refresh_of(both.refresh_token("a-1", "s-1")) is None


def test_a_code_of_one_kind_is_none_of_another() -> None:
    codes = AccountCodes(FIRST)
    link = codes.link_code("a.b.c")
    assert codes.invitation_of(link) == "a.b.c"
    assert codes.refresh_of(link) is None


@given(st.text(max_size=60))
def test_no_text_is_taken_for_a_code(text: str) -> None:
    codes = AccountCodes(FIRST)
    assert codes.invitation_of(text) is None
    assert codes.refresh_of(text) is None


@pytest.mark.parametrize("text", ["", " ", "x y", "a\nb", "x" * 101])
def test_a_login_name_that_cannot_be_one_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="login_malformed"):
        checked_login(text)


def test_a_password_is_counted_as_it_is_hashed() -> None:
    assert checked_password("\uff2b" + "x" * 11) == "K" + "x" * 11
    with pytest.raises(Refused, match="password_length"):
        checked_password("x" * 11)


@pytest.mark.parametrize("role", ["supervisor", "admin", "auditor"])
def test_an_account_with_such_a_role_waits_for_its_second_factor(role: str) -> None:
    account = replace(ACCOUNT, grants=("operator:botram:32.16", f"{role}:botram:32.16"))
    waiting = account.redeemed("hash", {"totp": "sealed"}, NOW)
    assert not waiting.can_sign_in
    ready = waiting.confirm(7)
    assert ready.can_sign_in
    with pytest.raises(Refused, match="code_used"):
        ready.used_code(7)
    assert ready.used_code(8).totp_step == 8


def test_a_disabled_account_keeps_neither_password_nor_second_factor() -> None:
    ready = ACCOUNT.redeemed("hash", {}, NOW)
    assert ready.can_sign_in
    gone = ready.disabled()
    assert (gone.password, gone.can_sign_in, dict(gone.sealed)) == (None, False, ACCOUNT.sealed)
    with pytest.raises(Refused, match="account_disabled"):
        gone.redeemed("hash", {}, NOW)
    assert gone.recovering().redeemed("hash", {}, NOW).can_sign_in


@pytest.mark.parametrize(
    "limits",
    [{"idle": timedelta(hours=4)}, {"absolute": timedelta(hours=13)}, {"idle": timedelta()}],
)
def test_an_office_sets_less_and_not_more(limits: dict[str, timedelta]) -> None:
    with pytest.raises(ValueError, match="3 h idle and 12 h in all"):
        Limits(**limits)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=30))
def test_whatever_is_shown_a_token_counts_once(shown: list[int]) -> None:
    devices, at, now = Devices("a-1", 1, (DEVICE,)), 0, NOW
    for turn, token in enumerate(shown):
        now += timedelta(seconds=31)
        if token == at:
            devices = rotated(devices, f"t-{token}", f"t-{at + 1}", f"p-{turn}", now)
            at += 1
        else:
            with pytest.raises(Reuse):
                rotated(devices, f"t-{token}", "t-x", f"p-{turn}", now)


def test_ending_a_device_ends_its_session_and_its_key() -> None:
    devices = Devices("a-1", 1, (DEVICE, replace(DEVICE, id="d-2", session=None)))
    after, ended = devices.ended(Ended.REVOKED, lambda one: one.id == "d-1", revoke=True)
    assert ended == ("s-1",)
    assert after.holding("s-1") is None
    with pytest.raises(Refused, match="device_revoked"):
        after.opened(DEVICE)
    assert after.ended(Ended.ACCOUNT, lambda _: True) == (after, ())
