"""What both programmes of the demo need: their clients, tokens and the sender's own ledger."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from deploy.local.demo.client import Client
from deploy.local.demo.people import Resident

EVENT = "botram-2023-03-11-setu"
CLOSING = "botram-cikarang-selatan"
BOTRAM = "botram"
HALO_PAMOR = "halo_pamor"
COPY = "sregep"

Say = Callable[[str], None]


class Target(Protocol):
    """The running services that the day is spent on."""

    @property
    def services(self) -> tuple[str, ...]:
        """Return their names."""
        ...

    @property
    def mongo_url(self) -> str:
        """Return where every service's database can be read."""
        ...

    def url(self, service: str) -> str:
        """Return where a service answers."""
        ...

    def token(self, subject: str, *grants: str) -> str:
        """Return a token with grants written `role:programme:region`."""
        ...

    def database(self, service: str) -> str:
        """Return the name of a service's database."""
        ...


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who comes to the event, and what he wants there."""

    resident: Resident
    service: str
    arrived: datetime
    partner: str | None = None
    """A partner agency's service that he wants too; nothing is recorded of it."""


@dataclass(slots=True)
class Ledger:
    """What the demo itself has sent and been answered: held against the services at the end."""

    botram: dict[str, str] = field(default_factory=dict)
    """Service by case id."""
    halo_pamor: dict[str, str] = field(default_factory=dict)
    visitors: dict[str, Visitor] = field(default_factory=dict)
    """Who holds which code of the gate."""
    tickets: set[str] = field(default_factory=set)
    """Ids of tickets that the gate gave."""
    served: set[str] = field(default_factory=set)
    """Ids of tickets that a booth has served."""
    elsewhere: set[str] = field(default_factory=set)
    """Ids of tickets that were given at the field that closes early."""
    served_elsewhere: set[str] = field(default_factory=set)
    confirmed: set[str] = field(default_factory=set)
    """Case ids whose recipient has confirmed."""

    @property
    def unserved(self) -> set[str]:
        """Return the tickets that still waited there when the line was closed."""
        return self.elsewhere - self.served_elsewhere


@dataclass(frozen=True, slots=True)
class Day:
    """One run."""

    client: Client
    token: Callable[..., str]
    """Makes a token for a subject with grants `role:programme:region`."""
    ledger: Ledger
    chance: random.Random
    say: Say
