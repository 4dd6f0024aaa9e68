"""What has been taken back before its time: accounts, sessions, machines and their tokens."""

from collections.abc import Mapping
from datetime import datetime

from shared.auth.roles import Caller


class Revocations:
    """This process's copy of what is revoked, with when.

    By the id of an account or session, and apart from those by a machine's name or a token's id.
    `known` is whether it was ever read: until then no token is believed, for one that was ended
    would be as good as before.
    """

    def __init__(self, *, known: bool = True) -> None:
        self._people: Mapping[str, datetime] = {}
        self._machines: Mapping[str, datetime] = {}
        self.known = known

    def replace(
        self, people: Mapping[str, datetime], machines: Mapping[str, datetime] | None = None
    ) -> None:
        """Take what is known now in place of what was."""
        self._people, self._machines = dict(people), dict(machines or {})
        self.known = True

    def ended(self, caller: Caller) -> bool:
        """Whether the caller's session or token was ended, or his account after the token began."""
        if caller.issued_at is None:
            return False
        machine = caller.session is None
        ended, one = (
            (self._machines, caller.token_id) if machine else (self._people, caller.session)
        )
        shut = ended.get(caller.subject)
        # A token counts whole seconds: one of the same second is not believed.
        return one in ended or (shut is not None and caller.issued_at <= shut)
