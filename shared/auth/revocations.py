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
        """Whether the caller's session or token was ended, or his account after the token began.

        A token without a session is ended by the end of its machine or of an account of that name.
        """
        if caller.issued_at is None:
            return False
        if caller.session is not None:
            one, ends = caller.session in self._people, [self._people.get(caller.subject)]
        else:
            one = caller.token_id in self._machines
            ends = [known.get(caller.subject) for known in (self._people, self._machines)]
        # A token counts whole seconds: one of the same second is not believed.
        return one or any(end is not None and caller.issued_at <= end for end in ends)
