"""What the sandbox remembers: numbers, residents, what was sent, and every webhook's content."""

import secrets
from base64 import b64encode
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final, Literal

from deploy.local.whatsapp.faults import GraphError, no_such

WINDOW: Final = timedelta(hours=24)
"""How long after a resident's last message free text may be sent to him."""
SHORTEST: Final = 8
"""Digits of a phone number with its country."""
_SECOND: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Number:
    """A published phone number: Meta's id of it, and how it is shown."""

    id: str
    display: str

    @property
    def digits(self) -> str:
        """Return the number as messages name it."""
        return digits_of(self.display)


@dataclass(slots=True)
class Resident:
    """Somebody made up. Without `wa_id` he is known by his user id alone."""

    key: str
    name: str
    wa_id: str | None
    user_id: str
    username: str | None = None
    reachable: bool = True
    reads: bool = False

    def contact(self) -> dict[str, Any]:
        """Return him as webhooks introduce him."""
        profile = {"name": self.name} | ({"username": self.username} if self.username else {})
        phone = {"wa_id": self.wa_id} if self.wa_id else {}
        return {"profile": profile, **phone, "user_id": self.user_id}


@dataclass(slots=True)
class Sent:
    """A message that was accepted, and what was said of it since."""

    id: str
    number: Number
    resident: Resident
    input: str
    type: str
    payload: dict[str, Any]
    at: datetime
    tracker: str | None
    in_window: bool
    statuses: list[str] = field(default_factory=list)
    error: int | None = None


@dataclass(frozen=True, slots=True)
class Update:
    """One message of a resident or one status, as webhooks carry it."""

    kind: Literal["messages", "statuses"]
    number: Number
    contact: dict[str, Any] | None
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """One call of Meta's API, and how it ended."""

    at: datetime
    method: str
    path: str
    status: int
    code: int | None


class World:
    """The memory. It forgets nothing until it is made anew."""

    def __init__(self, numbers: tuple[Number, ...], per_second: int) -> None:
        self.numbers = {number.id: number for number in numbers}
        self.residents: dict[str, Resident] = {}
        self.sent: dict[str, Sent] = {}
        self.updates: list[Update] = []
        self.calls: list[Call] = []
        self._per_second = per_second
        self._heard: dict[tuple[str, str], datetime] = {}
        self._sends: dict[str, deque[datetime]] = {}

    def number(self, number_id: str) -> Number:
        """Return a published number. Raises GraphError where there is none."""
        if number_id not in self.numbers:
            raise no_such(number_id)
        return self.numbers[number_id]

    def by_phone(self, phone: str) -> Resident:
        """Return whoever has this number; one who never wrote is made up on the spot."""
        found = next((one for one in self.residents.values() if one.wa_id == phone), None)
        return found or self.known(Resident(phone, "Warga", phone, user_id_of(phone)))

    def by_user_id(self, user_id: str) -> Resident:
        """Return whom Meta knows by this id. Raises GraphError where nobody is."""
        found = next((one for one in self.residents.values() if one.user_id == user_id), None)
        if found is None:
            raise GraphError(131026, "No user has this id.")
        return found

    def known(self, resident: Resident) -> Resident:
        """Keep somebody, or what is new about him."""
        self.residents[resident.key] = resident
        return resident

    def hear(self, number: Number, resident: Resident, at: datetime) -> None:
        """Open the window: he has written to this number."""
        last = self._heard.get((number.id, resident.key), at)
        self._heard[number.id, resident.key] = max(last, at)

    def window_open(self, number: Number, resident: Resident, now: datetime) -> bool:
        """Whether free text may be sent to him from this number."""
        last = self._heard.get((number.id, resident.key))
        return last is not None and now < last + WINDOW

    def count_send(self, number: Number, now: datetime) -> None:
        """Count a send. Raises GraphError (130429) above the rate of this number."""
        sends = self._sends.setdefault(number.id, deque())
        while sends and sends[0] <= now - _SECOND:
            sends.popleft()
        if len(sends) >= self._per_second:
            raise GraphError(130429)
        sends.append(now)


def digits_of(phone: str) -> str:
    """Return the digits of a number however it is written."""
    return "".join(sign for sign in phone if sign.isdecimal())


def user_id_of(key: str) -> str:
    """Return the id by which Meta knows somebody to one business: the same for the same key."""
    return f"ID.{int(sha256(key.encode()).hexdigest()[:15], 16):020}"


def new_message_id() -> str:
    """Return an id as Meta makes them: base64 in it may hold `/`, `+` and `=`."""
    return f"wamid.{b64encode(secrets.token_bytes(28)).decode()}"


def new_media_id() -> str:
    """Return an id as Meta makes them: digits alone."""
    return str(secrets.randbelow(9 * 10**15) + 10**15)
