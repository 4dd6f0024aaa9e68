"""One event's line, and everything that happens in it: gates, booths, devices without uplink."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import time
from typing import Any, Final

from services.scheduler.domain import (
    Act,
    Booth,
    Holder,
    LateCall,
    Lease,
    Line,
    Plan,
    Policy,
    Ticket,
    TicketState,
)
from services.scheduler.usecases import (
    LINE_OVER,
    LeaseWanted,
    TicketAt,
    Wanted,
    act_on,
    admit,
    call_next,
    close_line,
    end_lease,
    issue_ticket,
    merge,
    note_line_over,
    rejoin,
    schedule_event,
    send_on,
    take_lease,
    undo,
)
from shared.contracts.envelope import new_id
from shared.messaging.message import Message
from shared.messaging.timers import Timer
from shared.messaging.unit_of_work import UnitOfWork
from shared.testing.messages import message_of
from tests.torture.line.device import SERVICE, Device, Story
from tests.torture.line.world import World
from tests.unit.scheduler.sample import booth, plan, received

BOOTHS: Final = ("b1", "b2", "b3")
GATES: Final = ("g1", "g2")
Note = dict[str, Any]
"""Of a ticket: how it stands after something was done, and how many the line had chosen by then."""
Doing = Callable[[UnitOfWork], Awaitable[Any]]


class NoHolidays:
    """A calendar without feasts."""

    def on(self, _: object) -> None:
        """None of them."""


def anybody(_: Plan, __: Booth | None) -> None:
    """Everybody may do everything."""


@dataclass
class History:
    """What is done in one line, and what came of it."""

    world: World
    event_id: str
    policy: Policy
    programme_id: str
    notes: dict[tuple[int, int], Note] = field(default_factory=dict)
    """By number and version of the ticket."""
    held: dict[str, dict[int, int]] = field(default_factory=dict)
    """Whom each device held, with how many the line had chosen by then."""
    devices: list[Device] = field(default_factory=list)
    closes_early: bool = False
    """Its line is closed while devices are without uplink still, and people wait."""

    def __post_init__(self) -> None:
        """Have two gates and three booths, each with a device."""
        seed = self.world.seed
        self.devices = [Device(name, None, seed) for name in GATES]
        self.devices += [Device(f"d-{name}", name, seed) for name in BOOTHS]

    async def begin(self) -> None:
        """Plan the event: three booths of one line."""
        booths = (booth(name, SERVICE) for name in BOOTHS)
        asked = plan(*booths, programme_id=self.programme_id)
        on = self.world.clock().date()
        closes = time(9, 30) if self.closes_early else time(23, 59)
        asked = replace(asked, on=on, opens=time(0), closes=closes)

        async def planned(uow: UnitOfWork) -> None:
            await schedule_event(self.event_id, asked, uow, allow=anybody, holidays=NoHolidays())

        await self.world.do(planned, self.event_id)
        for _ in range(12):
            await self.come()
        for device in self.devices:
            await self.lease(device)
            device.online = self.world.seed.random() < 0.3

    async def step(self) -> None:
        """Do one to three things at the same moment."""
        kinds = (
            *(self.come, self.ask, self.call, self.act),
            *(self.offline, self.sync, self.replace, self.close),
        )
        number = self.world.seed.choice((1, 2, 3))
        doing = self.world.seed.choices(kinds, weights=(5, 2, 4, 3, 12, 5, 0.2, 2), k=number)
        await asyncio.gather(*(one() for one in doing))

    async def do(
        self, use_case: Doing, message: Message | None = None, device: str | None = None
    ) -> Any:
        """Have something done, and note how the tickets stand that it touched."""
        heard: list[Any] = []

        async def noted(uow: UnitOfWork) -> Any:
            answer = await use_case(uow)
            heard[:] = [await self._notes(uow, device)]
            return [answer, heard[0]] if message is None else None

        found = await self.world.do(noted, self.event_id, message)
        answer, notes = found or (None, heard[0] if message and heard else [])
        self._keep(notes)
        return answer

    def _keep(self, notes: list[Note]) -> None:
        for note in notes:
            self.notes.setdefault((note["number"], note["version"]), note)

    async def _notes(self, uow: UnitOfWork, device: str | None) -> list[Note]:
        line = await uow.require(Line, Line.key(self.event_id, SERVICE))
        ids = [id_ for (kind, id_) in uow.written if kind == "tickets"]
        tickets = [await uow.require(Ticket, id_) for id_ in ids]
        return [
            {
                "number": one.number,
                "version": one.version,
                "state": one.state.value,
                "joined_at": one.joined_at.isoformat(),
                "in_order": one.in_order,
                "called": one.called_at is not None,
                "device": device,
                "chosen": line.chosen,
            }
            for one in tickets
        ]

    # What people and booths with uplink do.

    async def come(self) -> None:
        """Somebody comes through a gate with uplink."""
        wanted = Wanted((SERVICE,), priority=self.world.seed.random() < 0.4)
        code = self.world.code()
        await self.do(lambda uow: admit(self.event_id, wanted, code, uow, allow=anybody))

    async def ask(self) -> None:
        """A request comes in, which gets a ticket."""
        event = received(new_id(), SERVICE, event_id=self.event_id, programme_id=self.programme_id)
        message = message_of(event, self.world.clock())
        await self.do(lambda uow: issue_ticket(event, uow), message)

    async def call(self) -> None:
        """A booth with uplink calls, from the device that holds people or from another page."""
        name = self.world.seed.choice(BOOTHS)
        device = self.world.seed.choice([f"d-{name}", None])
        if device and not self.device(device).online:
            return

        async def calling(uow: UnitOfWork) -> Any:
            return await call_next(self.event_id, name, uow, allow=anybody, device=device)

        found = await self.do(calling, device=device)
        if found and device:
            self.device(device).held.pop(found["number"], None)

    async def act(self) -> None:
        """A booth does something with a ticket, or takes it back."""
        numbers = sorted({number for number, _ in self.notes})
        if not numbers:
            return
        seed = self.world.seed
        number, name = seed.choice(numbers), seed.choice(BOOTHS)
        kind = seed.choice(("serve", "serve", "hold", "no_show", "leave", "undo", "rejoin", "send"))

        async def acting(uow: UnitOfWork) -> None:
            known = await uow.require(Ticket, f"{self.event_id}/{SERVICE}/{number}")
            at = TicketAt(self.event_id, SERVICE, number, known.booth_id or name)
            if kind == "undo":
                await undo(at, uow, allow=anybody)
            elif kind == "rejoin":
                await rejoin(at, uow, allow=anybody)
            elif kind == "send":
                await send_on(at, name, uow, allow=anybody)
            else:
                await act_on(at, Act(kind), uow, allow=anybody)

        await self.do(acting)

    async def close(self) -> None:
        """Somebody closes the line, where it is time; who waits in it ends unserved."""

        async def closing(uow: UnitOfWork) -> None:
            await close_line(self.event_id, SERVICE, uow, allow=anybody)

        if self.closes_early:
            await self.do(closing)
            await self.run_out()

    async def run_out(self) -> None:
        """The timer of a closed line fires, until nobody waits in it."""
        key, now = Line.key(self.event_id, SERVICE), self.world.clock()
        timer = Timer(LINE_OVER, key, now, {}, new_id(), 1)

        async def firing(uow: UnitOfWork) -> int:
            await note_line_over(timer, uow)
            line = await uow.require(Line, Line.key(self.event_id, SERVICE))
            return line.waiting if line.closed else 0

        while await self.do(firing):
            pass

    # What devices do.

    def device(self, name: str) -> Device:
        """Return a device."""
        return next(one for one in self.devices if one.name == name)

    async def offline(self) -> None:
        """A device loses its uplink or has it back, and does something by itself."""
        device = self.world.seed.choice(self.devices)
        if self.world.seed.random() < 0.15:
            device.online = not device.online
        for _ in range(0 if device.online else self.world.seed.choice((1, 2, 4))):
            device.act(self.world.clock())

    async def sync(self) -> None:
        """A device with uplink tells a part of what happened, and leases anew."""
        device = self.world.seed.choice(self.devices)
        if device.online and not device.lost:
            await self.tell(device, device.some())
            await self.lease(device)

    async def lease(self, device: Device) -> None:
        """A device leases."""
        holder = Holder(self.event_id, device.name, device.account)
        numbers = {} if device.booth_id else {SERVICE: 20}
        wanted = LeaseWanted(numbers, device.booth_id, device.people)

        async def leasing(uow: UnitOfWork) -> Any:
            answer = await take_lease(holder, wanted, uow, allow=anybody)
            line = await uow.require(Line, Line.key(self.event_id, SERVICE))
            hold = line.holds.get(device.name)
            return {
                **answer,
                "marks": [[one.number, one.before] for one in hold.people] if hold else [],
            }

        answer = await self.do(leasing)
        device.leased(answer)
        for number, before in answer["marks"] if answer else []:
            self.held.setdefault(device.name, {}).setdefault(number, before + 1)

    async def replace(self) -> None:
        """A device is taken back; what it did is told later, from the papers that people hold."""
        device = self.world.seed.choice(self.devices)
        if device.lost or len([one for one in self.devices if one.lost]) > 1:
            return
        holder = Holder(self.event_id, device.name, "rina")

        async def ending(uow: UnitOfWork) -> None:
            await end_lease(holder, uow, allow=anybody, supervises=lambda _: True)

        await self.do(ending)
        device.lost = True
        name = f"{device.name}-again"
        self.devices.append(Device(name, device.booth_id, self.world.seed))

    async def tell(self, device: Device, stories: list[Story], account: str = "") -> None:
        """A device tells stories, or somebody else does from the papers."""
        if not stories:
            return
        lease_id, by = Lease.key(self.event_id, device.name), account or device.account

        async def telling(uow: UnitOfWork) -> Any:
            found = []
            for story in stories:
                [answer] = await merge(lease_id, by, [story], uow, allow=anybody)
                found.append([answer["outcome"], await self._notes(uow, device.name)])
            return found

        answers = await self.world.do(telling, self.event_id)
        for story, (outcome, notes) in zip(stories, answers or [], strict=False):
            self._keep(notes)
            self.world.stories += 1
            if outcome != "refused":
                device.confirmed(story)

    async def finish(self) -> None:
        """Everything is told, twice and in any order; then whoever waits is called and served."""
        for device in self.devices:
            if not device.lost:
                await self.tell(device, device.some())
                await self.lease(device)
            for _ in "ab":
                stories = list(device.stories.values())
                self.world.seed.shuffle(stories)
                for first in range(0, len(stories), 8):
                    some = stories[first : first + 8]
                    await self.tell(device, some, "budi" if device.lost else "")

    async def drain(self) -> None:
        """Call and serve whoever waits, now that no device holds anybody any more."""
        await self.run_out()
        for _ in range(300):
            found = await self.do(lambda uow: call_next(self.event_id, "b1", uow, allow=anybody))
            if found is None:
                return
            at = TicketAt(self.event_id, SERVICE, found["number"], "b1")
            if found["state"] in {TicketState.CALLED, TicketState.RECALLED}:
                await self.do(self._serving(at))

    def _serving(self, at: TicketAt) -> Doing:
        async def serving(uow: UnitOfWork) -> None:
            await act_on(at, Act.SERVE, uow, allow=anybody)

        return serving

    @property
    def calls(self) -> list[LateCall]:
        """Return what booths did without uplink."""
        stories = (story for device in self.devices for story in device.stories.values())
        return [story for story in stories if isinstance(story, LateCall)]
