"""The sandbox: a send, a file, a message of a resident, and what follows from each."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import httpx

from deploy.local.whatsapp.behaviour import Behaviour, Behaviours, On, StatusWord
from deploy.local.whatsapp.clock import Clock, MovableClock
from deploy.local.whatsapp.faults import GraphError
from deploy.local.whatsapp.media import Media
from deploy.local.whatsapp.messages import Checks, Template, Templates
from deploy.local.whatsapp.part import Part
from deploy.local.whatsapp.postman import Pause, Postman
from deploy.local.whatsapp.webhook import status
from deploy.local.whatsapp.world import (
    SHORTEST,
    Number,
    Resident,
    Sent,
    World,
    digits_of,
    new_message_id,
    user_id_of,
)
from deploy.local.whatsapp.writing import Message, Writer, moved


@dataclass(frozen=True, slots=True)
class Keys:
    """The secrets that Meta and the office share, and the one of tests."""

    access_token: str = field(repr=False)
    app_secret: str = field(repr=False)
    verify_token: str = field(repr=False)
    control_key: str = field(repr=False)


class Sandbox:
    """All of it, wired. `pause` waits between two posts of a webhook."""

    def __init__(
        self,
        keys: Keys,
        numbers: Sequence[Number],
        account: str,
        *,
        per_second: int,
        clock: Clock,
        http: httpx.AsyncClient,
        pause: Pause = asyncio.sleep,
    ) -> None:
        self.keys = keys
        self.account = account
        self.http = http
        self.clock = MovableClock(clock)
        self.behaviours = Behaviours()
        self.postman = Postman(http, keys.app_secret, account, self.behaviours, pause)
        self._numbers = tuple(numbers)
        self._per_second = per_second
        self.reset()

    def reset(self) -> None:
        """Forget everything but keys, numbers and the webhook's address."""
        self.clock.reset()
        self.behaviours.clear()
        self.postman.reset()
        self.world = World(self._numbers, self._per_second)
        self.media = Media(self.clock)
        self.templates: Templates = {}
        self.refuses_closed_window_at_once = False
        self._checks = Checks(self.media, self.templates)
        self._writer = Writer(self.media, self.world.sent)

    def approve(self, templates: Sequence[Template]) -> None:
        """Know these templates from now on."""
        for template in templates:
            self.templates[template.name, template.language] = template

    def send(self, number: Number, message: Part, behaviour: Behaviour) -> Sent:
        """Accept a message and let its statuses follow. Raises GraphError where it is refused."""
        now = self.clock()
        self.world.count_send(number, now)
        kind = self._checks.check(message)
        resident, said = self._recipient(message)
        open_ = self.world.window_open(number, resident, now)
        error = self._error(kind, resident, behaviour, in_window=open_)
        sent = Sent(
            new_message_id(),
            number,
            resident,
            said,
            kind,
            message.part(kind).value,
            now,
            message.optional("biz_opaque_callback_data", 512),
            open_,
        )
        self.world.sent[sent.id] = sent
        self.tell(sent, behaviour.statuses or _usual(resident, error), error, behaviour.copies)
        return sent

    def tell(
        self, sent: Sent, words: Sequence[StatusWord], error: int | None, copies: int = 1
    ) -> None:
        """Let statuses of a message follow in this order."""
        now = self.clock()
        updates = [status(sent, word, error, now) for word in words]
        sent.statuses += words
        sent.error = error if "failed" in words else sent.error
        self.world.updates += updates
        self.postman.add(updates * copies)

    def write(self, resident: Resident, said: Message) -> str:
        """Let somebody write, which opens the window, and return the message's id."""
        number = self.world.number(said.to)
        now = self.clock()
        update = self._writer.update(said, number, resident, now)
        self.world.hear(number, resident, said.at or now)
        self.world.updates.append(update)
        self.postman.add([update] * said.copies)
        return str(update.body["id"])

    def move(self, resident: Resident, number: Number, wa_id: str | None) -> Resident:
        """Give somebody another number, and so another user id, and tell this number of it."""
        user_id = user_id_of(f"{resident.key} {wa_id} {resident.user_id}")
        after = self.world.known(replace(resident, wa_id=wa_id, user_id=user_id))
        update = moved(resident, after, number, self.clock())
        self.world.updates.append(update)
        self.postman.add([update])
        return after

    async def meet(self, on: On, number: str | None = None) -> Behaviour:
        """Take what the next call of this kind meets, and refuse it, late where that is said."""
        behaviour = self.behaviours.take(on, number)
        try:
            behaviour.refuse()
        except GraphError:
            await asyncio.sleep(behaviour.delay_seconds)
            raise
        return behaviour

    def _recipient(self, message: Part) -> tuple[Resident, str]:
        if message.has("recipient") and not message.has("to"):
            user_id = message.text("recipient", 64)
            return self.world.by_user_id(user_id), user_id
        said = message.text("to", 32)
        phone = digits_of(said)
        if len(phone) < SHORTEST:
            raise GraphError(131009, "to must be a phone number.")
        return self.world.by_phone(phone), said

    def _error(
        self, kind: str, resident: Resident, behaviour: Behaviour, *, in_window: bool
    ) -> int | None:
        if behaviour.by == "status":
            return behaviour.error
        if not resident.reachable:
            return 131026
        if in_window or kind == "template":
            return None
        if self.refuses_closed_window_at_once:
            raise GraphError(131047)
        return 131047


def _usual(resident: Resident, error: int | None) -> Sequence[StatusWord]:
    if error is not None:
        return ("failed",)
    return ("sent", "delivered", "read") if resident.reads else ("sent", "delivered")
