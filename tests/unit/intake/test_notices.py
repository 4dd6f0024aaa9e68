"""Notices of an account: bounded, in order, and unseen until their owner has seen them."""

from datetime import timedelta

from services.intake.domain import MAX_NOTICES, NoticeKind, Notices
from services.intake.usecases import mark_seen
from shared.testing.callers import NOW
from tests.unit.intake.sample import bench


def told(count: int) -> Notices:
    """An account that was told so often."""
    notices = Notices("a-1")
    for n in range(count):
        notices = notices.told(NoticeKind.GRANTED, NOW + timedelta(minutes=n), "a-2")
    return notices


def test_the_newest_fifty_are_kept_and_numbers_go_on() -> None:
    notices = told(MAX_NOTICES + 3)
    assert len(notices.notices) == MAX_NOTICES
    assert (notices.notices[0].number, notices.last) == (4, MAX_NOTICES + 3)


def test_what_came_after_one_has_looked_stays_unseen() -> None:
    notices = told(3).looked_at(2)
    assert [one.number for one in notices.unseen] == [3]
    assert notices.looked_at(1).seen == 2
    assert notices.looked_at(99).seen == 3
    assert Notices("a-1").looked_at(5).seen == 0


async def test_seeing_is_noted_once_and_for_nobody_else() -> None:
    work = bench()
    work.keep(told(2))
    await work.run(lambda uow: mark_seen("a-1", 2, uow))
    kept = await work.get(Notices, "a-1")
    assert kept is not None
    assert (kept.seen, kept.version) == (2, 3)
    await work.run(lambda uow: mark_seen("a-1", 2, uow))
    await work.run(lambda uow: mark_seen("a-nobody", 2, uow))
    assert await work.get(Notices, "a-1") == kept
    assert await work.get(Notices, "a-nobody") is None
