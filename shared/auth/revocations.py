"""What has been taken back before its time: accounts and sessions whose tokens are not believed."""

from collections.abc import Mapping
from datetime import datetime

from shared.auth.roles import Caller


class Revocations:
    """This process's copy of what was revoked lately, by account id or session id, with when.

    A token outlives a revocation by its own ten minutes at most, so only the last hour is kept
    here. Tokens of machines live longer: their key is retired instead.
    """

    def __init__(self) -> None:
        self._at: Mapping[str, datetime] = {}

    def replace(self, revoked: Mapping[str, datetime]) -> None:
        """Take what is known now in place of what was."""
        self._at = dict(revoked)

    def ended(self, caller: Caller) -> bool:
        """Whether the caller's session is over, or his account was shut after the token began."""
        if caller.session is None or caller.issued_at is None:
            return False
        shut = self._at.get(caller.subject)
        # A token counts whole seconds: one of the same second is not believed.
        return caller.session in self._at or (shut is not None and caller.issued_at <= shut)
