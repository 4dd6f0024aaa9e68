"""A booth's screen: who is at the counter, the next in one tap, and how many wait.

With its script the page works by the API alone. Without one its forms do the same, each under a key
of its own, so that a double tap calls once; what the rules refuse is said on the same page, in
words.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Form, Path, Query, Request
from starlette.responses import RedirectResponse, Response

from services.scheduler.domain import (
    MAX_NUMBER,
    Booth,
    Programme,
    ScheduledEvent,
)
from services.scheduler.pages.choice import FLOOR, OPERATORS, PagesDep, script_words
from services.scheduler.usecases import (
    BoothAct,
    Clock,
    Reader,
    TicketAt,
    acts_of,
    allowed,
    call_next,
    record_visit,
    use_case,
    visible,
)
from shared.auth.rules import PUBLIC, RouteRules
from shared.contracts.envelope import new_id
from shared.contracts.event import AggregateId, ServiceCode
from shared.contracts.scheduler import BoothId
from shared.messaging.unit_of_work import UseCase
from shared.runtime import Commands, built, form_sent, provided
from shared.web.guard import CallerDep
from shared.web.pages import Pages
from shared.web.problems import Conflict, NotFound

BOOTH: Final = f"{FLOOR}/{{event_id}}/{{booth_id}}"
WORKER: Final = f"{FLOOR}/penjaga.js"
"""The service worker: what lies below `FLOOR/` is what it may answer for."""
RULES: Final[RouteRules] = {
    f"GET {WORKER}": PUBLIC,
    f"GET {BOOTH}": OPERATORS,
    f"POST {BOOTH}": OPERATORS,
}
ACTS: Final = {
    "lanjut": BoothAct.RESUME,
    "selesai": BoothAct.SERVE,
    "mulai": BoothAct.START,
    "ulang": BoothAct.RECALL,
    "tahan": BoothAct.HOLD,
    "absen": BoothAct.NO_SHOW,
    "pergi": BoothAct.LEAVE,
    "gabung": BoothAct.REJOIN,
    "kirim": BoothAct.SEND,
    "pindah": BoothAct.TRANSFER,
    "batal": BoothAct.UNDO,
}
"""What the buttons do with a ticket, the likeliest first."""
WORDS: Final = (
    "booth.word",
    "booth.link",
    "booth.result",
    "booth.wrong",
    "booth.state",
    "booth.story",
    "booth.conflict",
    "live",
)
"""What the script may have to say, in the catalogue."""
UNKNOWABLE: Final = "booth.unknowable"
"""What a booth cannot know without uplink, there."""
LABEL: Final = r"^([A-Z]{0,2})([1-9][0-9]{0,5})$"
"""A number as people read and type it."""
FOLDED: Final = frozenset({"kirim", "pindah"})
"""Buttons that ask where the holder goes on, and stand apart."""
RESULTS: Final = frozenset({"dipanggil", "kosong", "dicatat", *ACTS})
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
        "unserved",
        "closed",
        "cancelled",
        "not_closing_yet",
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
        """Return what changes without anybody's doing here."""
        name = await self.names(event)
        walked = {
            t.service: t.visitors
            for t in await self.reader.tallies(event.id)
            if t.booth_id == booth.id
        }
        lines = await self.reader.lines(event.id, booth.services) if booth.ticketed else []
        return {
            "booth": booth,
            "names": {
                code: name(code) for code in (*event.plan.ticketed_services, *booth.services)
            },
            "lines": lines,
            "visits": {service: walked.get(service, 0) for service in booth.services},
            "as_of": self.clock(),
            "zone": event.time_zone,
        }

    async def names(self, event: ScheduledEvent) -> Callable[[str], str]:
        """Return what services are called."""
        programme = await self.reader.get(Programme, event.plan.programme_id)
        names = programme.names if programme else {}
        return lambda code: self.pages.texts.service(code, names)

    async def page(
        self, done: str = "", wrong: str = "", new_number: str | None = None
    ) -> Response:
        """Return the screen; `done` is below `booth.result`, `wrong` below `booth.wrong`."""
        event, booth = await self.found()
        ticket = await self.reader.current(event.id, booth.id) if booth.ticketed else None
        now = self.clock()
        can = acts_of(ticket, booth.id, now) if ticket else []
        return self.pages.render(
            self.request,
            "gerai.html",
            status=409 if wrong else 200,
            event=event,
            place=f"{FLOOR}/{event.id}/{booth.id}",
            ticket=ticket,
            acts={one: act for one, act in ACTS.items() if one not in FOLDED},
            can=can,
            at_booth=BoothAct.SEND in can,
            undo_left=_seconds(ticket.undo_until, now) if ticket and BoothAct.UNDO in can else 0,
            booths=_other_booths(event, booth),
            sharing={one: len(event.plan.with_line(one)) for one in booth.services},
            unknowable=self.pages.texts.below(UNKNOWABLE),
            services=dict.fromkeys(event.plan.ticketed_services),
            new_number=new_number,
            today=event.is_on(now),
            over=now >= event.closes_at,
            words=script_words(self.pages.texts, WORDS),
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
        [line] = await self.reader.lines(self.event_id, [service])
        at = TicketAt(self.event_id, service, _number(typed, line.letter), self.booth_id)
        said = f"{button} {service} {at.number} {goal}".rstrip()
        try:
            command = use_case(ACTS[button], at, goal, allowed(self.caller))
            found = await self.run(command, said, at.id)
        except NotFound:
            raise NotDone("unknown_ticket") from None
        return f"pindah&baru={found['label']}" if button == "pindah" else button

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


@router.get(WORKER)
async def show_worker(pages: PagesDep) -> Response:
    """Return the script that answers for a booth's page where the office does not."""
    return pages.assets.answer("penjaga.js")


@router.get(BOOTH)
async def show_booth(
    counter: CounterDep,
    hasil: str = "",
    baru: Annotated[str | None, Query(pattern=LABEL)] = None,
) -> Response:
    """Show a booth's screen. `baru`: the number under which somebody was transferred."""
    return await counter.page(done=hasil if hasil in RESULTS else "", new_number=baru)


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


def _other_booths(event: ScheduledEvent, booth: Booth) -> dict[str, tuple[str, ...]]:
    """Return the other booths that call tickets, each with its services."""
    others = (other for other in event.plan.booths if other.ticketed and other.id != booth.id)
    return {other.id: other.services for other in others}


def _seconds(until: datetime | None, now: datetime) -> int:
    return int((until - now).total_seconds()) if until else 0


def _number(typed: str, letter: str) -> int:
    """Return a ticket's number as it was typed, its line's letter before it or not. Raises NotDone.

    Another line's letter is a number of another service, which is not to be taken for this one's.
    """
    found = re.fullmatch(LABEL, typed.strip().upper())
    if found is None or int(found[2]) > MAX_NUMBER:
        raise NotDone("number_malformed")
    if found[1] not in {"", letter}:
        raise NotDone("unknown_ticket")
    return int(found[2])
