"""An account's owner is told of every change to it.

A notice is kept with the change, in one transaction, and stands on his start page until he has seen
it. No account has a phone or an address here yet; when one has, `tell` is the one place that
everything passes, and what is sent leaves from here by an event.
"""

from services.intake.domain import NoticeKind, Notices
from shared.messaging.unit_of_work import UnitOfWork


async def tell(
    of: str, kind: NoticeKind, uow: UnitOfWork, said: str = "", reason: str = ""
) -> None:
    """Tell the owner of an account what has happened, in the unit of work that does it."""
    before = await uow.get(Notices, of) or Notices(of)
    uow.add(before.told(kind, uow.now(), uow.actor, said, reason))


async def mark_seen(of: str, number: int, uow: UnitOfWork) -> None:
    """Note that the owner has seen his notices up to this number."""
    before = await uow.get(Notices, of)
    if before is None:
        return
    after = before.looked_at(number)
    if after.seen != before.seen:
        uow.add(after)
