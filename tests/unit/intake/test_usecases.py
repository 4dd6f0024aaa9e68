"""Requests recorded, worked and confirmed, on documents in memory."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.intake.domain import Case, Fact, Refused, Step
from services.intake.usecases import (
    confirm_receipt,
    record_request,
    take_step,
)
from shared.auth.roles import Forbidden
from shared.contracts.intake import (
    CloseOutcome,
    RequestClosed,
    RequestReceived,
)
from shared.messaging.errors import Missing
from tests.unit.intake.fake import FakeWork
from tests.unit.intake.sample import (
    CASE,
    EVENT,
    SATURDAY,
    Closed,
    at_event,
    at_home,
    event_case,
    home_case,
    later,
)


def everybody(**_: Any) -> None:
    """Let everybody act."""


def nobody(**_: Any) -> None:
    """Let nobody act."""
    raise Forbidden("no")


def present(backdated: list[bool]) -> Callable[..., None]:
    """Let everybody act, and note whether they say that it was earlier."""
    return lambda **asked: backdated.append(asked["backdated"])


async def record(work: FakeWork, new: Any, **more: Any) -> dict[str, Any]:
    return await record_request(new, work, **{"holidays": Closed(), "allow": everybody, **more})


async def test_a_request_is_stored_apart_from_its_person_and_told() -> None:
    work = FakeWork()

    answer = await record(work, at_event())

    assert answer == {"case_id": CASE, "status": "received", "due_on": "2023-03-15"}
    assert work.persons[CASE].name == "Sukarno"
    assert "Sukarno" not in repr(work.cases[CASE])
    (published,) = work.published
    assert isinstance(published.event, RequestReceived)
    assert (published.version, published.occurred_at) == (1, SATURDAY)
    assert published.event.event_id == EVENT
    assert published.event.rw is None


async def test_the_rw_is_told_only_where_somebody_comes_to_the_door() -> None:
    work = FakeWork()

    await record(work, at_event(rw="007"))
    await record(work, at_home(case_id="other"))

    told = [p.event.rw for p in work.published if isinstance(p.event, RequestReceived)]
    assert told == [None, "005"]


@pytest.mark.parametrize(
    ("changed", "reason", "field"),
    [
        ({"programme_id": "nothing"}, "programme_unknown", "programme_id"),
        ({"event_id": "unheard-of"}, "event_unknown", "event_id"),
        ({"service": "PASSPORT"}, "service_not_offered", "service"),
    ],
)
async def test_what_cannot_be_recorded_is_refused_and_leaves_nothing(
    changed: dict[str, Any], reason: str, field: str
) -> None:
    work = FakeWork()

    with pytest.raises(Refused) as refused:
        await record(work, at_event(**changed))

    assert (refused.value.reason, refused.value.detail.partition(":")[0]) == (reason, field)
    assert (work.cases, work.persons, work.published) == ({}, {}, [])


async def test_who_has_no_right_learns_nothing_of_the_catalogue() -> None:
    with pytest.raises(Forbidden):
        await record(FakeWork(), at_event(service="PASSPORT"), allow=nobody)


@pytest.mark.parametrize(
    ("occurred_at", "backdated"),
    [
        (None, False),
        (SATURDAY, False),
        (SATURDAY + timedelta(seconds=29), False),
        (SATURDAY - timedelta(seconds=1), True),
    ],
)
async def test_earlier_than_now_is_backdated(
    occurred_at: datetime | None, *, backdated: bool
) -> None:
    noted: list[bool] = []

    await record(FakeWork(), at_event(), allow=present(noted), occurred_at=occurred_at)

    assert noted == [backdated]


async def test_what_has_not_happened_yet_is_refused() -> None:
    ahead = SATURDAY + timedelta(seconds=31)

    with pytest.raises(Refused, match="in_the_future"):
        await record(FakeWork(), at_event(), occurred_at=ahead)


async def test_an_imported_request_counts_from_when_it_was_made() -> None:
    work = FakeWork(clock=SATURDAY + timedelta(days=400))

    answer = await record(work, at_event(), occurred_at=SATURDAY)

    assert answer["due_on"] == "2023-03-15"
    assert work.published[0].occurred_at == SATURDAY


async def test_steps_tell_of_each_stage_once() -> None:
    work = FakeWork(clock=later(20), cases={CASE: event_case()})

    states = [
        await take_step(CASE, step, work, allow=everybody)
        for step in (Step.VERIFY, Step.VERIFY, Step.ISSUE, Step.HAND_OVER)
    ]

    assert states == ["verified", "verified", "issued", "closed"]
    assert [(p.event.type, p.version) for p in work.published] == [
        ("intake.request_verified.v1", 2),
        ("intake.document_issued.v1", 3),
        ("intake.request_closed.v1", 5),
    ]
    closed = work.published[-1].event
    assert isinstance(closed, RequestClosed)
    assert (closed.outcome, closed.within_standard) == (CloseOutcome.HANDED_OVER, True)


async def test_a_server_whose_clock_lags_does_not_refuse_what_is_done_now() -> None:
    work = FakeWork(clock=later(-5), cases={CASE: event_case()})

    await take_step(CASE, Step.VERIFY, work, allow=everybody)

    assert work.cases[CASE].facts[Fact.VERIFIED] == SATURDAY


async def test_a_step_needs_a_case_and_the_right_to_it() -> None:
    work = FakeWork(cases={CASE: event_case()})

    with pytest.raises(Missing):
        await take_step("another", Step.VERIFY, work, allow=everybody)
    with pytest.raises(Forbidden):
        await take_step(CASE, Step.VERIFY, work, allow=nobody)


def on_its_way() -> Case:
    """Return a case whose document an agent has fetched."""
    issued = home_case().step(Step.ISSUE, later(1))
    return issued.note(Fact.DOCUMENT_COLLECTED, later(2))


async def test_a_receipt_is_told_once() -> None:
    work = FakeWork(clock=later(5), cases={CASE: on_its_way()})

    for _ in range(2):
        assert await confirm_receipt(CASE, work) == "issued"

    assert work.types == ["intake.receipt_confirmed.v1"]
    with pytest.raises(Missing):
        await confirm_receipt("another", work)
