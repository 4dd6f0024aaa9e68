"""A booth's screen: who is at the counter, the next in one tap, and how many wait.

What is done goes through the use cases of the API. Each form has a key of its own, so that a double
tap calls once; what the rules refuse is said on the same page, in words.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Form, Path, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from services.scheduler.domain import (
    AT_BOOTH,
    MAX_NUMBER,
    UNDO_WITHIN,
    Act,
    Booth,
    Programme,
    ScheduledEvent,
    Ticket,
    TicketState,
)
from services.scheduler.pages.choice import FLOOR, OPERATORS
from services.scheduler.usecases import (
    Clock,
    Reader,
    TicketAt,
    act_on,
    allowed,
    call_next,
    record_visit,
    rejoin,
    send_on,
    transfer,
    undo,
    visible,
)
from shared.auth.rules import RouteRules
from shared.contracts.envelope import new_id
from shared.contracts.event import AggregateId, ServiceCode
from shared.contracts.scheduler import BoothId
from shared.messaging.unit_of_work import UseCase
from shared.runtime import Commands, built, form_sent, provided
from shared.web.guard import CallerDep
from shared.web.pages import Pages
from shared.web.problems import Conflict, NotFound

BOOTH: Final = f"{FLOOR}/{{event_id}}/{{booth_id}}"
RULES: Final[RouteRules] = {
    f"GET {BOOTH}": OPERATORS,
    f"POST {BOOTH}": OPERATORS,
    f"GET {BOOTH}/antrean": OPERATORS,
}
ACTS: Final = {
    "mulai": Act.START,
    "ulang": Act.RECALL,
    "tahan": Act.HOLD,
    "lanjut": Act.RESUME,
    "selesai": Act.SERVE,
    "pergi": Act.LEAVE,
    "absen": Act.NO_SHOW,
}
"""What the buttons do with a ticket."""
RESULTS: Final = frozenset(
    {"dipanggil", "kosong", "dicatat", "gabung", "batal", "kirim", "pindah", *ACTS}
)
"""What was done, below `booth.result` in the catalogue."""
Button = Literal[
    "panggil",
    "catat",
    "mulai",
    "ulang",
    "tahan",
    "lanjut",
    "selesai",
    "pergi",
    "absen",
    "gabung",
    "batal",
    "kirim",
    "pindah",
]
REFUSALS: Final = frozenset(
    {
        "not_its_day",
        "no_tickets",
        "ticketed",
        "not_offered",
        "not_called",
        "other_booth",
        "already_served",
        "void",
        "transferred",
        "left",
        "no_show",
        "not_now",
        "not_gone",
        "nothing_to_undo",
        "undo_too_late",
        "too_many_sent",
        "too_many_transferred",
        "number_malformed",
        "unknown_ticket",
    }
)
"""What the use cases refuse here, below `booth.wrong`; all else is `other`."""

router = APIRouter(include_in_schema=False)


class NotDone(Exception):  # noqa: N818 - reads as what it tells
    """Something was refused; `reason` is below `booth.wrong`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason if reason in REFUSALS else "other"


@dataclass(frozen=True, slots=True)
class Counter:
    """A booth, and what its screen works with."""

    event_id: Annotated[AggregateId, Path()]
    booth_id: Annotated[BoothId, Path()]
    caller: CallerDep
    request: Request
    pages: Annotated[Pages, Depends(provided(Pages))]
    reader: Annotated[Reader, Depends(provided(Reader))]
    commands: Annotated[Commands, Depends(provided(Commands))]
    clock: Annotated[Clock, Depends(provided(Clock))]

    async def found(self) -> tuple[ScheduledEvent, Booth]:
        """Return the event and its booth. Raises NotFound, and Forbidden without a right to it."""
        event = await self.reader.get(ScheduledEvent, self.event_id)
        if event is None:
            raise NotFound("event")
        booth = visible(event, self.caller).plan.booth(self.booth_id)
        if booth is None:
            raise NotFound("booth")
        return event, booth

    async def waiting(self, event: ScheduledEvent, booth: Booth) -> dict[str, Any]:
        """Return the values of `antrean.html`: what changes without anybody's doing here."""
        programme = await self.reader.get(Programme, event.plan.programme_id)
        names = programme.names if programme else {}
        walked = {
            t.service: t.visitors
            for t in await self.reader.tallies(event.id)
            if t.booth_id == booth.id
        }
        lines = await self.reader.lines(event.id, booth.services) if booth.ticketed else []
        return {
            "booth": booth,
            "name": lambda code: self.pages.texts.service(code, names),
            "lines": lines,
            "visits": {service: walked.get(service, 0) for service in booth.services},
            "as_of": self.clock(),
            "zone": event.time_zone,
        }

    async def page(
        self, done: str = "", wrong: str = "", new_number: int | None = None
    ) -> Response:
        """Return the screen; `done` is below `booth.result`, `wrong` below `booth.wrong`."""
        event, booth = await self.found()
        ticket = await self.reader.current(event.id, booth.id) if booth.ticketed else None
        return self.pages.render(
            self.request,
            "gerai.html",
            status=409 if wrong else 200,
            event=event,
            place=f"{FLOOR}/{event.id}/{booth.id}",
            ticket=ticket,
            buttons=_buttons(ticket, self.clock()),
            at_booth=ticket is not None and ticket.state in AT_BOOTH,
            booths=_other_booths(event, booth, ticket),
            services=[s for s in event.plan.ticketed_services if not ticket or s != ticket.service],
            new_number=new_number,
            today=event.is_on(self.clock()),
            done=done,
            wrong=wrong,
            new_key=new_id,
            **await self.waiting(event, booth),
        )

    async def run(self, use_case: UseCase, content: str, key: str) -> Any:
        """Run a command and return its answer. Raises NotDone."""
        sent = await form_sent(self.request, self.caller, content)
        try:
            return (await self.commands.run(use_case, sent=sent, key=key)).answer
        except Conflict as conflict:
            raise NotDone(str(conflict.members.get("reason"))) from None

    async def call(self) -> str:
        """Call the next ticket; return what was done."""
        ticket = await self.run(
            lambda uow: call_next(self.event_id, self.booth_id, uow, allow=allowed(self.caller)),
            "panggil",
            self.event_id,
        )
        return "dipanggil" if ticket else "kosong"

    async def act(self, button: str, service: str, typed: str, goal: str) -> str:
        """Do something with a ticket; return what was done. `goal`: a booth or a service."""
        at = TicketAt(self.event_id, service, _number(typed), self.booth_id)
        said = f"{button} {service} {at.number} {goal}".rstrip()
        try:
            found = await self.run(self.use_case(button, at, goal), said, at.id)
        except NotFound:
            raise NotDone("unknown_ticket") from None
        return f"pindah&baru={found['number']}" if button == "pindah" else button

    def use_case(self, button: str, at: TicketAt, goal: str) -> UseCase:
        """Return what a button does with a ticket."""
        allow = allowed(self.caller)
        match button:
            case "gabung":
                return lambda uow: rejoin(at, uow, allow=allow)
            case "batal":
                return lambda uow: undo(at, uow, allow=allow)
            case "kirim":
                return lambda uow: send_on(at, goal, uow, allow=allow)
            case "pindah":
                return lambda uow: transfer(at, goal, uow, allow=allow)
        return lambda uow: act_on(at, ACTS[button], uow, allow=allow)

    async def count(self, service: str) -> str:
        """Count one more person who walked up; return what was done."""
        await self.run(
            lambda uow: record_visit(
                self.event_id, self.booth_id, service, 1, uow, allow=allowed(self.caller)
            ),
            f"catat {service}",
            self.event_id,
        )
        return "dicatat"


CounterDep = Annotated[Counter, Depends(built(Counter))]


@router.get(BOOTH)
async def show_booth(
    counter: CounterDep,
    hasil: str = "",
    baru: Annotated[int | None, Query(ge=1, le=MAX_NUMBER)] = None,
) -> Response:
    """Show a booth's screen. `baru`: the number under which somebody was transferred."""
    return await counter.page(done=hasil if hasil in RESULTS else "", new_number=baru)


@router.get(f"{BOOTH}/antrean")
async def show_waiting(counter: CounterDep) -> Response:
    """Return the part of the screen that changes."""
    values = await counter.waiting(*await counter.found())
    return HTMLResponse(counter.pages.fragment("antrean.html", **values))


@router.post(BOOTH)
async def post_booth(
    counter: CounterDep,
    aksi: Annotated[Button, Form()],
    layanan: Annotated[ServiceCode | None, Form()] = None,
    nomor: Annotated[str, Form(max_length=20)] = "",
    tujuan: Annotated[str, Form(max_length=40)] = "",
) -> Response:
    """Call the next, do something with a ticket, or count who walked up."""
    await counter.found()
    try:
        if aksi == "panggil":
            done = await counter.call()
        elif aksi == "catat":
            done = await counter.count(layanan or "")
        else:
            done = await counter.act(aksi, layanan or "", nomor, tujuan)
    except NotDone as refused:
        return await counter.page(wrong=refused.reason)
    way = f"{FLOOR}/{counter.event_id}/{counter.booth_id}?hasil={done}"
    return RedirectResponse(counter.pages.at(way), status_code=303)


def _buttons(ticket: Ticket | None, now: datetime) -> list[str]:
    """Return what can be done with the ticket at the counter, the likeliest first."""
    if ticket is None:
        return []
    asked = ["selesai", "mulai", "ulang", "tahan", "absen", "pergi"]
    found = {
        TicketState.CALLED: asked,
        TicketState.RECALLED: asked,
        TicketState.SERVING: ["selesai", "tahan", "pergi"],
        TicketState.ON_HOLD: ["lanjut", "selesai", "pergi"],
        TicketState.NO_SHOW: ["gabung"],
    }.get(ticket.state, [])
    back = ticket.before is not None and now - ticket.before.at <= UNDO_WITHIN
    return [*found, "batal"] if back else found


def _other_booths(event: ScheduledEvent, booth: Booth, ticket: Ticket | None) -> list[str]:
    """Return the booths to which the holder of a ticket can be sent."""
    return [
        other.id
        for other in event.plan.booths
        if ticket and other.ticketed and other.id != booth.id and ticket.service in other.services
    ]


def _number(typed: str) -> int:
    """Return a ticket's number as it was typed. Raises NotDone."""
    digits = typed.strip()
    if not (digits.isascii() and digits.isdigit() and 1 <= int(digits) <= MAX_NUMBER):
        raise NotDone("number_malformed")
    return int(digits)
