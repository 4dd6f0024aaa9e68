"""What happened without uplink, taken in late: in any order, any number of times.

People were given numbers and served: that is so, whatever the rules would have said meanwhile. What
does not agree with what is known is kept beside it as a conflict, and moves no newer state back.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from services.scheduler.domain import (
    Arrival,
    ConflictKind,
    LateCall,
    LateEntry,
    LateIssue,
    LateStory,
    Lease,
    Refused,
    ScheduledEvent,
    Ticket,
    ticket_id,
)
from services.scheduler.usecases.arrivals import (
    Wanted,
    enter,
    gate_ticket,
    given_answer,
    warning_of,
)
from services.scheduler.usecases.closing import end_later
from services.scheduler.usecases.conflicts import About, Found, keep_entry
from services.scheduler.usecases.late_calls import booth_then, take_in_call
from services.scheduler.usecases.ports import Allow
from services.scheduler.usecases.tickets import bind_earlier
from services.scheduler.usecases.waiting import lines_of
from shared.auth.roles import Forbidden
from shared.messaging.unit_of_work import UnitOfWork

_FORBIDDEN: Final = Refused("forbidden", "booth_id: not this account's to tell of")


async def merge(
    lease_id: str, account: str, stories: Sequence[LateStory], uow: UnitOfWork, *, allow: Allow
) -> list[dict[str, Any]]:
    """Take in what a device tells; return of each story whether it is known now, and conflicts.

    A story that is refused changes nothing and keeps no other one back. Raises Forbidden where
    none of them may be told, Missing, and Refused: other_account, merge_too_late.
    """
    lease = await uow.require(Lease, lease_id)
    event = await uow.require(ScheduledEvent, lease.event_id)
    forbidden = _forbidden(stories, lease, event, allow)
    event.require_merge_open(uow.now())
    lease.require_sender(account, uow.now())
    uow.add(lease.heard(uow.now(), stories[-1].claim.ahead))
    return [
        _refused(story, _FORBIDDEN)
        if story in forbidden
        else await _one(lease_id, account, story, event, uow)
        for story in stories
    ]


def _forbidden(
    stories: Sequence[LateStory], lease: Lease, event: ScheduledEvent, allow: Allow
) -> list[LateStory]:
    """Return the stories of booths at which the caller may not act. Raises Forbidden: all are."""
    found = []
    for story in stories:
        try:
            booth = booth_then(story, lease, event) if isinstance(story, LateCall) else None
            allow(event.plan, booth)
        except Forbidden:
            found.append(story)
            if len(found) == len(stories):
                raise
    return found


async def _one(
    lease_id: str, account: str, story: LateStory, event: ScheduledEvent, uow: UnitOfWork
) -> dict[str, Any]:
    lease = await uow.require(Lease, lease_id)
    known = await uow.get(LateEntry, LateEntry.key(event.id, lease.device, story.entry_id))
    try:
        if known is not None and not known.tells_more(story):
            return _told(known, "known")
        entry = known or _entry(story, lease, account, uow)
        entry, found, given = await _take_in(story, entry, lease, event, uow)
    except Refused as refused:
        return _refused(story, refused)
    found = {**_doubts(story, entry, lease, event), **found}
    entry = await keep_entry(replace(entry, version=entry.version + 1), found, uow)
    return {**_told(entry, "merged"), "tickets": given}


def _entry(story: LateStory, lease: Lease, account: str, uow: UnitOfWork) -> LateEntry:
    now = uow.now()
    return LateEntry(
        event_id=lease.event_id,
        device=lease.device,
        entry_id=story.entry_id,
        said=story.said,
        claimed_at=story.claim.at,
        clock_ahead=story.claim.ahead,
        happened_at=now,
        arrived_at=now,
        by=account,
        version=0,
    )


async def _take_in(
    story: LateStory, entry: LateEntry, lease: Lease, event: ScheduledEvent, uow: UnitOfWork
) -> tuple[LateEntry, Found, list[dict[str, Any]]]:
    if isinstance(story, LateCall):
        return (*await take_in_call(entry, story, lease, event, uow), [])
    return await _issue(entry, story, lease, event, uow)


async def _issue(
    entry: LateEntry, story: LateIssue, lease: Lease, event: ScheduledEvent, uow: UnitOfWork
) -> tuple[LateEntry, Found, list[dict[str, Any]]]:
    """Let people wait who got numbers of a device, since the time that they came.

    Return also what the gate says of each ticket, whose holder may still stand there. Raises
    Refused, before anything is changed: not_leased, number_taken, arrival_full.
    """
    blocks = [lease.block_of(service, number) for service, number in story.numbers]
    ids = tuple(ticket_id(event.id, service, number) for service, number in story.numbers)
    for id_ in ids:
        if await uow.get(Ticket, id_) is not None:
            raise Refused("number_taken", "numbers: somebody else has one of them")
    at = story.claim.between(max(block.leased_at for block in blocks), uow.now())
    known = await uow.get(Arrival, Arrival.key(event.id, story.code))
    new = Arrival(event.id, story.code, at, ids, story.priority, told=(entry.name,))
    uow.add(known.with_tickets(ids, entry.name) if known else new)
    services = [block.service for block in blocks]
    lines, given = await lines_of(event.id, services, uow), list[Ticket]()
    wanted, said = Wanted(tuple(services), priority=story.priority), list[dict[str, Any]]()
    for line, block, (service, number) in zip(lines, blocks, story.numbers, strict=True):
        place = (block.lane(priority=story.priority), block.place_of(at), at)
        ticket = gate_ticket(event, line, number, story.code, at, place)
        said.append(given_answer(ticket, line.waiting, await warning_of(line, event, wanted, uow)))
        await enter(line.issue_leased(), ticket, uow)
        if line.closed:
            await end_later(line.join(ticket), uow)
        lease = lease.using(service, number)
        given.append(ticket)
    uow.add(lease)
    await bind_earlier(new.id, given, uow)
    twice = {ConflictKind.SAME_CODE: About(story.code, (), known.told)} if known else {}
    return replace(entry, happened_at=at), twice, said


def _doubts(story: LateStory, entry: LateEntry, lease: Lease, event: ScheduledEvent) -> Found:
    """Return what of the times of a story cannot be, or should not have been."""
    at, device = entry.happened_at, About(lease.device)
    found = {
        ConflictKind.CLOCK: story.claim.off(at),
        ConflictKind.AFTER_LEASE: entry.last_at > lease.over_at(),
        ConflictKind.AFTER_CLOSING: isinstance(story, LateIssue) and at >= event.closes_at,
    }
    return {kind: device for kind, so in found.items() if so}


def _refused(story: LateStory, why: Refused) -> dict[str, Any]:
    said = {"reason": why.reason, "detail": why.detail}
    return {"entry_id": story.entry_id, "outcome": "refused", **said}


def _told(entry: LateEntry, outcome: str) -> dict[str, Any]:
    conflicts = [kind.value for kind in entry.conflicts]
    return {"entry_id": entry.entry_id, "outcome": outcome, "conflicts": conflicts}
