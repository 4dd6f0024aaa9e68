"""Complaints and wishes: recorded by a page, desk or chat, worked on, answered, opened again."""

from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum
from typing import Any

from services.intake.domain import (
    Account,
    Deed,
    Holidays,
    Programme,
    Refused,
    due_day,
    local_day,
)
from services.intake.domain.complaint import (
    Complaint,
    ComplaintState,
    NewComplaint,
    checked_text,
)
from services.intake.domain.complaint_sight import Onlooker, handles, is_open, knows_of
from services.intake.domain.region import within
from services.intake.usecases.complaint_events import keep_complaint
from services.intake.usecases.complaint_words import (
    forget_words,
    keep_answer,
    keep_more,
    keep_words,
)
from services.intake.usecases.ports import ComplaintFilter, Reader, Vault
from services.intake.usecases.rights_requests import AllowRegion
from shared.audit.trail import note
from shared.auth.roles import Forbidden
from shared.messaging.errors import Missing
from shared.messaging.unit_of_work import UnitOfWork

Looks = Callable[[str, str], Onlooker]
"""Returns whoever asks, as he stands in a programme and region; raises where he has no right."""


class ComplaintStep(StrEnum):
    """What staff do about a complaint, beside answering it."""

    OPEN = "open"
    """Ask to read what is about a member of staff; two do."""
    TAKE = "take"
    HAND_UP = "hand_up"
    """Give it to a supervisor."""
    CLOSE = "close"


async def record_complaint(
    new: NewComplaint, uow: UnitOfWork, *, holidays: Holidays, vault: Vault, allow: AllowRegion
) -> dict[str, Any]:
    """Record a complaint and have its last day watched; return its id and that day.

    For whatever way it comes. Raises what `allow` raises, and Refused: programme_unknown, and as
    `NewComplaint.require_sound`.
    """
    new.require_sound()
    programme = await uow.get(Programme, new.programme_id)
    if programme is None:
        raise Refused("programme_unknown", "programme_id: no such programme")
    region = _region(new.region_code, programme)
    allow(programme.id, region)
    at, days = uow.now(), programme.days_to_answer(new.kind)
    received_on = local_day(at, programme.time_zone)
    complaint = Complaint(
        id=new.id,
        version=1,
        tracking=new.tracking,
        programme_id=programme.id,
        region=region,
        time_zone=programme.time_zone,
        kind=new.kind,
        secrecy=new.secrecy,
        channel=new.channel,
        received_at=at,
        recorded_by=uow.actor,
        due_on=due_day(received_on, days, holidays, programme.calendar),
        about=new.about,
    )
    keep_words(new, uow, vault)
    await keep_complaint(None, complaint, uow)
    return {"complaint_id": complaint.id, "due_on": complaint.due_on.isoformat()}


def _region(stated: str | None, programme: Programme) -> str:
    """Return whose office it is for: the place stated, where that lies in the programme's."""
    if stated is not None and within(stated, programme.region_code):
        return stated
    return programme.region_code


async def known_complaints(
    wanted: ComplaintFilter, reader: Reader, looks: Looks
) -> list[Complaint]:
    """Return as many complaints as are wanted, of those that whoever looks may know of."""
    shown: list[Complaint] = []
    after = wanted.after
    while True:
        page = await reader.complaints(replace(wanted, after=after))
        shown += [one for one in page if knows_of(one, looks(one.programme_id, one.region))]
        if len(page) < wanted.limit or len(shown) >= wanted.limit:
            return shown[: wanted.limit]
        after = page[-1]


async def take_complaint_step(
    complaint_id: str, step: ComplaintStep, uow: UnitOfWork, *, looks: Looks
) -> dict[str, Any]:
    """Do a step, and return the state after it.

    Raises Missing, also for who may not know of it, Forbidden, and Refused as the complaint does.
    """
    complaint, who = await _known(complaint_id, uow, looks)
    if step is ComplaintStep.OPEN:
        return await _open(complaint, uow)
    _require_work(complaint, who)
    match step:
        case ComplaintStep.TAKE:
            after = complaint.taken(uow.actor)
        case ComplaintStep.HAND_UP:
            after = complaint.given_up()
        case ComplaintStep.CLOSE:
            after = complaint.closed(uow.actor, uow.now())
    await keep_complaint(complaint, after, uow)
    return {"state": after.state.value}


async def _open(complaint: Complaint, uow: UnitOfWork) -> dict[str, Any]:
    if complaint.about is None:
        raise Refused("not_about_staff", "step: it is open to who may see it")
    after = complaint if is_open(complaint) else complaint.opened(uow.actor)
    if after is not complaint:
        await keep_complaint(complaint, after, uow)
        note(Deed.COMPLAINT_OPENED, complaint.id, uow)
    return {"state": after.state.value}


async def answer_complaint(
    complaint_id: str, text: str, uow: UnitOfWork, *, looks: Looks, vault: Vault
) -> dict[str, Any]:
    """Answer a complaint that is in work; return whether that was within its days.

    Raises Missing, Forbidden, and Refused: not_opened, not_in_work, text_malformed, erased.
    """
    complaint, who = await _known(complaint_id, uow, looks)
    _require_work(complaint, who)
    after = complaint.answered(uow.actor, uow.now())
    await keep_answer(after, text, uow, vault)
    await keep_complaint(complaint, after, uow)
    return {"state": after.state.value, "within_deadline": after.within_deadline}


async def name_accused(
    complaint_id: str, account_id: str, uow: UnitOfWork, *, looks: Looks
) -> dict[str, Any]:
    """Note which account a complaint about staff is about: that one sees nothing of it any more.

    The trail says that it was done, and not who. Raises Missing, Forbidden, and Refused:
    not_opened, not_about_staff, own_account, account_unknown.
    """
    complaint, who = await _known(complaint_id, uow, looks)
    _require_work(complaint, who)
    if account_id == who.subject:
        raise Refused("own_account", "account_id: another person has to look at this complaint")
    if await uow.get(Account, account_id) is None:
        raise Refused("account_unknown", "account_id: there is no such account")
    after = complaint.accusing(account_id)
    await keep_complaint(complaint, after, uow)
    note(Deed.COMPLAINT_NAMED, complaint.id, uow)
    return {"state": after.state.value}


async def reopen_complaint(
    complaint_id: str,
    why: str,
    uow: UnitOfWork,
    *,
    holidays: Holidays,
    vault: Vault,
    looks: Looks | None,
) -> dict[str, Any]:
    """Open a complaint again; its days begin anew. Return its state and its last day.

    `looks` is None where whoever complained does it himself, by his code. Raises Missing,
    Forbidden, and Refused: not_answered, reopened_too_often, text_malformed, erased.
    """
    if looks is None:
        complaint = await uow.require(Complaint, complaint_id)
    else:
        complaint, who = await _known(complaint_id, uow, looks)
        _require_work(complaint, who)
    checked_text(why)
    programme = await uow.require(Programme, complaint.programme_id)
    days = programme.days_to_answer(complaint.kind)
    after = complaint.opened_again(uow.now(), days, holidays, programme.calendar)
    await keep_more(complaint, why, uow, vault)
    await keep_complaint(complaint, after, uow)
    return {"state": after.state.value, "due_on": after.due_on.isoformat()}


async def accept_answer(complaint_id: str, uow: UnitOfWork) -> dict[str, Any]:
    """Close a complaint at the word of whoever complained. Raises Missing, and Refused."""
    complaint = await uow.require(Complaint, complaint_id)
    after = complaint.closed(uow.actor, uow.now())
    await keep_complaint(complaint, after, uow)
    return {"state": after.state.value}


async def rate_answer(complaint_id: str, rating: int, uow: UnitOfWork) -> dict[str, Any]:
    """Keep how content whoever complained is, 1 to 4. Raises Missing and Refused as `rated`."""
    complaint = await uow.require(Complaint, complaint_id)
    await keep_complaint(complaint, complaint.rated(rating), uow)
    return {"state": complaint.state.value}


async def forget_complaint(complaint_id: str, uow: UnitOfWork) -> dict[str, Any]:
    """Have the words deleted at the word of whoever wrote them.

    Raises Missing, and Refused: open_complaint while the office still works on it.
    """
    complaint = await uow.require(Complaint, complaint_id)
    if complaint.state is not ComplaintState.CLOSED:
        raise Refused("open_complaint", "complaint: it is not closed yet")
    await forget_words(complaint.id, uow.actor, uow)
    return {"state": complaint.state.value}


async def _known(complaint_id: str, uow: UnitOfWork, looks: Looks) -> tuple[Complaint, Onlooker]:
    """Return a complaint that whoever asks may know of, and who he is there."""
    complaint = await uow.require(Complaint, complaint_id)
    who = looks(complaint.programme_id, complaint.region)
    if not knows_of(complaint, who):
        # As if there were none: whom it is about does not learn of it.
        raise Missing("complaint")
    return complaint, who


def _require_work(complaint: Complaint, who: Onlooker) -> None:
    """Refuse whoever may not work on it, and all before two have opened it."""
    if not handles(complaint, who):
        raise Forbidden("who looks into the trail reads this complaint, and changes nothing")
    if not is_open(complaint):
        raise Refused("not_opened", "step: two people open a complaint about staff first")
