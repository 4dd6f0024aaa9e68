"""Perangkat saya: one's own devices and sessions, an end to each, and what has changed.

Notices stand on the start page until their owner has seen them (`start.py`), and here afterwards.
"""

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from services.intake.domain import Device, Devices, Limits, Notices
from services.intake.pages.fresh import FreshFormDep
from services.intake.usecases import (
    Clock,
    Reader,
    mark_seen,
    revoke_device,
    sign_out_everywhere,
)
from shared.auth.roles import Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.event import AggregateId
from shared.runtime import CommandsDep, provided
from shared.web.guard import CallerDep
from shared.web.pages import Pages
from shared.web.problems import Conflict
from shared.web.session import SESSIONS, SIGN_IN, RefreshCookie, SessionCookie

DEVICES: Final = "/perangkat"
EVERYBODY: Final = Rule(set(Role))
RULES: Final[RouteRules] = {f"GET {DEVICES}": EVERYBODY, f"POST {DEVICES}": EVERYBODY}

router = APIRouter(include_in_schema=False)
PagesDep = Annotated[Pages, Depends(provided(Pages))]
ReaderDep = Annotated[Reader, Depends(provided(Reader))]
ClockDep = Annotated[Clock, Depends(provided(Clock))]
LimitsDep = Annotated[Limits, Depends(provided(Limits))]
CookieDep = Annotated[SessionCookie, Depends(provided(SessionCookie))]
RefreshDep = Annotated[RefreshCookie, Depends(provided(RefreshCookie))]


@router.get(DEVICES)
async def show_devices(
    request: Request,
    caller: CallerDep,
    pages: PagesDep,
    reader: ReaderDep,
    clock: ClockDep,
    limits: LimitsDep,
    selesai: str = "",
) -> Response:
    """Show the devices, the last used first, and the notices, newest first."""
    found = await reader.get(Devices, caller.subject)
    devices = sorted(found.devices if found else (), key=lambda one: one.last_at, reverse=True)
    notices = await reader.get(Notices, caller.subject) or Notices(caller.subject)
    now = clock()
    return pages.render(
        request,
        "perangkat.html",
        devices=[
            (one, state_of(one, caller.session, limits.alive(one.session, now))) for one in devices
        ],
        notices=list(reversed(notices.notices)),
        seen=notices.seen,
        last=notices.last,
        done=selesai == "ya",
    )


def state_of(device: Device, here: str | None, alive: bool) -> str:  # noqa: FBT001 - a fact
    """Return how a device stands: `here`, `open`, `revoked` or `ended`."""
    if device.session is not None and device.session.id == here:
        return "here"
    if device.revoked:
        return "revoked"
    return "open" if alive else "ended"


@router.post(DEVICES)
async def post_devices(
    caller: CallerDep,
    pages: PagesDep,
    form: FreshFormDep,
    commands: CommandsDep,
    cookie: CookieDep,
    refresh: RefreshDep,
    aksi: Annotated[Literal["akhiri", "semua", "dibaca"], Form()],
    perangkat: Annotated[AggregateId | None, Form()] = None,
    sampai: Annotated[int, Form(ge=0, le=2**31 - 1)] = 0,
) -> Response:
    """End one device, or every session; or note that the notices were seen."""
    of = caller.subject
    sent = await form.sent(f"{aksi} {perangkat} {sampai}")
    if aksi == "dibaca":
        await commands.run(lambda uow: mark_seen(of, sampai, uow), sent=sent, key=of)
        return RedirectResponse("/", status_code=303)
    if aksi == "semua":
        await commands.run(lambda uow: sign_out_everywhere(of, uow), sent=sent, key=of)
        response = RedirectResponse(SIGN_IN, status_code=303)
        cookie.take(response)
        refresh.take(response, pages.at(SESSIONS))
        return response
    if perangkat is None:
        raise Conflict("perangkat: which device", reason="unknown_device")
    device = perangkat
    await commands.run(lambda uow: revoke_device(of, device, uow), sent=sent, key=of)
    return RedirectResponse(pages.at(f"{DEVICES}?selesai=ya"), status_code=303)
