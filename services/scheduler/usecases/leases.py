"""What devices may do without uplink: leased, given back, ended when an access is revoked."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.scheduler.domain import (
    HOLD_LASTS,
    Access,
    Block,
    Booth,
    Devices,
    Holder,
    Lease,
    LeaseEnd,
    Line,
    Plan,
    Refused,
    ScheduledEvent,
    Ticket,
    ticket_id,
)
from services.scheduler.domain.audit import Deed
from services.scheduler.usecases.calls import ticketed_booth
from services.scheduler.usecases.ports import Allow
from services.scheduler.usecases.ticket_events import answer
from services.scheduler.usecases.waiting import lines_of, next_to_hold
from shared.audit.trail import note
from shared.contracts.intake import AccessRevoked
from shared.messaging.revocations import Revocation, keep_revocation
from shared.messaging.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class LeaseWanted:
    """What a device wants to have. `numbers`: unused ones of each line; `hold`: so many people."""

    numbers: Mapping[str, int]
    booth_id: str | None = None
    hold: int = 0
    clock_ahead: int = 0


async def take_lease(
    holder: Holder, wanted: LeaseWanted, uow: UnitOfWork, *, allow: Allow
) -> dict[str, Any]:
    """Let a device go on without uplink, or go on longer; return all that it has.

    The same again gives nothing more. Raises Missing, and Refused: too_early, closed, not_its_day,
    no_tickets, not_offered, line_full, other_account, lease_ended, access_revoked,
    too_many_blocks, too_many_devices.
    """
    event, booth = await _wanted_at(holder.event_id, wanted, uow, allow)
    await _require_access(holder, uow)
    now = uow.now()
    known = await uow.get(Lease, Lease.key(event.id, holder.device))
    if known is not None:
        known.require(holder.account)
    new = Lease(event.id, holder.device, holder.account, event.leases_until, now, since=now)
    lease = (known or new).renewed(holder, event.leases_until, now, wanted.clock_ahead)
    lease = await _numbers(lease, wanted.numbers, uow)
    lease = await _holds(lease, booth, wanted.hold, uow)
    uow.add(lease)
    await _remember(lease, holder, uow)
    return await _answer(lease, event, uow)


async def _wanted_at(
    event_id: str, wanted: LeaseWanted, uow: UnitOfWork, allow: Allow
) -> tuple[ScheduledEvent, Booth | None]:
    event, booth = await uow.require(ScheduledEvent, event_id), None
    if wanted.numbers or wanted.booth_id is None:
        allow(event.plan, None)
    if wanted.booth_id is not None:
        event, booth = await ticketed_booth(event_id, wanted.booth_id, uow, allow)
    event.require_leasable(uow.now())
    if wanted.hold:
        event.require_today(uow.now())
    if any(wanted.numbers.values()):
        event.require_open(uow.now(), booked=True)
    return event, booth


async def _require_access(holder: Holder, uow: UnitOfWork) -> None:
    """Refuse who was revoked a moment ago: access_revoked."""
    for id_ in holder.access:
        revoked = await uow.get(Revocation, id_)
        if revoked is not None and (
            id_ == holder.session or holder.signed_at is None or revoked.at >= holder.signed_at
        ):
            raise Refused("access_revoked", "this session or account was revoked")


async def _numbers(lease: Lease, wanted: Mapping[str, int], uow: UnitOfWork) -> Lease:
    for line in await lines_of(lease.event_id, sorted(wanted), uow):
        if not line.has_booth:
            raise Refused("not_offered", f"numbers: no booth has a line for {line.service}")
        size = lease.missing(line.service, wanted[line.service])
        if size:
            leased = line.lease(size)
            uow.add(leased)
            first = leased.last_number - size + 1
            block = Block(line.service, first, size, uow.now(), line.letter)
            lease = lease.with_block(block)
    return lease


async def _holds(lease: Lease, booth: Booth | None, wanted: int, uow: UnitOfWork) -> Lease:
    """Hold so many people for a booth, the longest waiting first, and go on holding others."""
    services = booth.services if booth and wanted else ()
    for line in await lines_of(lease.event_id, lease.services, uow):
        if line.service not in services and lease.device in line.holds:
            uow.add(line.free(lease.device))
    until = min(uow.now() + HOLD_LASTS, lease.until)
    held = await _held(lease.device, await lines_of(lease.event_id, services, uow), uow)
    for _ in range(wanted - len(held)):
        if not await _hold_next(lease, services, until, uow):
            break
    return lease.at_booth(booth, services)


async def _hold_next(
    lease: Lease, services: tuple[str, ...], until: datetime, uow: UnitOfWork
) -> bool:
    found = []
    for line in await lines_of(lease.event_id, services, uow):
        ticket = await next_to_hold(line, uow)
        if ticket is not None:
            found.append((ticket.turn[0], line.service, line, ticket))
    if not found:
        return False
    _, _, line, ticket = min(found, key=lambda one: one[:2])
    uow.add(line.hold(lease.device, ticket.number, uow.now(), until), ticket.hold())
    return True


async def _held(
    device: str, lines: Iterable[Line], uow: UnitOfWork
) -> list[tuple[Ticket, datetime]]:
    """Return whom a device holds in these lines and until when, who joined first first."""
    found = [
        (await uow.require(Ticket, ticket_id(line.event_id, line.service, one.number)), one.until)
        for line in lines
        for one in line.held(device, uow.now())
    ]
    return sorted(found, key=lambda one: one[0].turn)


async def _remember(lease: Lease, holder: Holder, uow: UnitOfWork) -> None:
    """Know what is to be ended with an access, and how many devices there are."""
    devices = await uow.get(Devices, lease.event_id) or Devices(lease.event_id)
    if (after := devices.with_one(lease.device)) is not devices:
        uow.add(after)
    for id_ in holder.access:
        access = await uow.get(Access, id_) or Access(id_)
        uow.add(access.with_lease(lease, uow.now()))


async def _answer(lease: Lease, event: ScheduledEvent, uow: UnitOfWork) -> dict[str, Any]:
    lines = await lines_of(event.id, lease.services, uow)
    return {
        "until": lease.until.isoformat(),
        "blocks": [
            {
                "service": block.service,
                "letter": block.letter,
                "first": block.first,
                "last": block.last,
                "used": list(block.used),
            }
            for block in lease.blocks
        ],
        "held": [
            {
                **answer(ticket),
                "priority": ticket.has_priority,
                "joined_at": ticket.joined_at.isoformat(),
                "held_until": until.isoformat(),
            }
            for ticket, until in await _held(lease.device, lines, uow)
        ],
    }


async def end_lease(
    holder: Holder, uow: UnitOfWork, *, allow: Allow, supervises: Callable[[Plan], bool]
) -> None:
    """End a lease: its account gives it back, or a supervisor takes it back for the whole event.

    Whom it held is called by anybody from then on; its numbers stay its own. Raises Missing, and
    Refused: other_account.
    """
    event = await uow.require(ScheduledEvent, holder.event_id)
    lease = await uow.require(Lease, Lease.key(event.id, holder.device))
    allow(event.plan, event.plan.booth(lease.booth_id or ""))
    own = lease.account == holder.account
    if not own and not supervises(event.plan):
        raise Refused("other_account", "another account has leased for this device")
    if not own and lease.ended is not LeaseEnd.TAKEN_BACK:
        note(Deed.LEASE_TAKEN_BACK, event.id, uow, lease.device, f"of {lease.account}")
    await _end(lease, LeaseEnd.GIVEN_BACK if own else LeaseEnd.TAKEN_BACK, uow)


async def end_revoked(event: AccessRevoked, uow: UnitOfWork) -> None:
    """Keep a revocation, and end what was leased by that account or in that session until then."""
    await keep_revocation(event, uow)
    access = await uow.get(Access, event.access_id) or Access(event.access_id)
    for id_, _ in access.leases:
        lease = await uow.get(Lease, id_)
        if lease is not None and lease.revoked_by(event.access_id, event.revoked_at):
            await _end(lease, LeaseEnd.REVOKED, uow)
    # Also where nothing was leased yet: what is leased at this moment meets the revocation here.
    uow.add(access.revoked(event.revoked_at))


async def _end(lease: Lease, why: LeaseEnd, uow: UnitOfWork) -> None:
    for line in await lines_of(lease.event_id, lease.services, uow):
        if lease.device in line.holds:
            uow.add(line.free(lease.device))
    devices = await uow.get(Devices, lease.event_id) or Devices(lease.event_id)
    if (after := devices.without(lease.device)) is not devices:
        uow.add(after)
    uow.add(lease.end(why, uow.now()))
