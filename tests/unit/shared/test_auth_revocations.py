"""What has been taken back is not believed, and nothing else is touched by it."""

from datetime import timedelta

import pytest

from shared.auth.keys import SigningKey
from shared.auth.revocations import Revocations
from shared.auth.roles import FRESH, Grant, Role
from shared.auth.rules import Rule
from shared.auth.tokens import InvalidToken, Issuer, NotKnownYet, Verifier
from tests.unit.shared.web_kit import NOW, Clock

GRANTS = [Grant.parse("operator:botram:32.16")]
TEN = timedelta(minutes=10)
SECOND = timedelta(seconds=1)


class Desk:
    """Signs and verifies with one key, by one clock."""

    def __init__(self) -> None:
        key = SigningKey.generate()
        self.clock = Clock()
        self.revocations = Revocations()
        self.issuer = Issuer(key, self.clock)
        self.verifier = Verifier({key.kid: key.public}, self.clock, self.revocations)

    def token(self, session: str | None = "s-1", token_id: str | None = None) -> str:
        """A token of the account a-1."""
        return self.issuer.issue(
            "a-1", GRANTS, TEN, session=session, signed_in_at=self.clock(), token_id=token_id
        )

    def believes(self, token: str) -> bool:
        """Whether it is believed."""
        try:
            self.verifier.verify(token)
        except InvalidToken as error:
            return error.reason != "revoked"
        else:
            return True


def test_a_token_says_its_session_and_when_its_holder_signed_in() -> None:
    desk = Desk()
    caller = desk.verifier.verify(desk.token())
    assert (caller.session, caller.issued_at, caller.signed_in_at) == ("s-1", NOW, NOW)


def test_a_revoked_session_is_not_believed_and_another_one_is() -> None:
    desk = Desk()
    mine, other = desk.token(), desk.token("s-2")
    assert desk.believes(mine)
    desk.revocations.replace({"s-1": NOW})
    assert not desk.believes(mine)
    assert desk.believes(other)


def test_an_accounts_tokens_of_before_are_not_believed_and_later_ones_are() -> None:
    desk = Desk()
    before = desk.token()
    desk.revocations.replace({"a-1": NOW})
    assert not desk.believes(before)
    desk.clock.advance(SECOND)
    assert desk.believes(desk.token())


def test_the_end_of_an_account_ends_what_it_has_without_a_session() -> None:
    desk = Desk()
    token, other = desk.token(None), desk.issuer.issue("a-2", GRANTS, TEN)
    desk.revocations.replace({"a-1": NOW})
    assert not desk.believes(token)
    assert desk.believes(other)
    desk.clock.advance(SECOND)
    assert desk.believes(desk.token(None))


def test_the_end_of_a_session_ends_no_machine_of_that_name() -> None:
    desk = Desk()
    token = desk.token(None, "s-1")
    desk.revocations.replace({"s-1": NOW})
    assert desk.believes(token)


def test_a_machine_is_ended_by_its_name_and_what_it_gets_later_is_believed() -> None:
    desk = Desk()
    token, person = desk.token(None), desk.token()
    desk.revocations.replace({}, {"a-1": NOW})
    assert not desk.believes(token)
    assert desk.believes(person)
    desk.clock.advance(SECOND)
    assert desk.believes(desk.token(None))


def test_one_token_of_a_machine_is_ended_alone() -> None:
    desk = Desk()
    ended, other = desk.token(None, "t-1"), desk.token(None, "t-2")
    session = desk.token("t-1")
    desk.revocations.replace({}, {"t-1": NOW})
    assert not desk.believes(ended)
    assert desk.believes(other)
    assert desk.believes(session)


def test_nothing_is_believed_before_it_is_known_what_was_ended() -> None:
    key, clock, revocations = SigningKey.generate(), Clock(), Revocations(known=False)
    verifier = Verifier({key.kid: key.public}, clock, revocations)
    token = Issuer(key, clock).issue("a-1", GRANTS, TEN)
    with pytest.raises(NotKnownYet):
        verifier.verify(token)
    revocations.replace({})
    assert verifier.verify(token).subject == "a-1"


@pytest.mark.parametrize("session", ["", "x" * 65, "0812 0000 0001", 7])
def test_a_malformed_session_is_refused(session: object) -> None:
    desk = Desk()
    token = desk.issuer.issue("a-1", GRANTS, TEN, session=session)  # type: ignore[arg-type]
    with pytest.raises(InvalidToken, match="malformed sid"):
        desk.verifier.verify(token)


def test_a_sign_in_is_fresh_for_ten_minutes_and_a_machine_never() -> None:
    desk = Desk()
    caller = desk.verifier.verify(desk.token())
    machine = desk.verifier.verify(desk.issuer.issue("e-open", GRANTS, TEN))
    desk.clock.advance(FRESH)
    assert desk.verifier.fresh(caller)
    assert not desk.verifier.fresh(machine)
    desk.clock.advance(SECOND)
    assert not desk.verifier.fresh(caller)


def test_a_rule_may_ask_for_a_fresh_sign_in() -> None:
    assert Rule({Role.ADMIN}, fresh=True).fresh
    assert not Rule({Role.ADMIN}).fresh
