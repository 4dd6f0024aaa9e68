"""What residents ask for by their rights: 72 hours of the clock, watched by a timer."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.intake.domain import (
    Case,
    NamedParty,
    Party,
    Person,
    Refused,
    Resident,
    Right,
    RightsOutcome,
    RightsRequest,
)
from services.intake.domain.rights_request import OLDEST
from services.intake.usecases import (
    RIGHTS_DUE,
    Asked,
    OpenRights,
    RightsFilter,
    WatchRights,
    answer_rights_request,
    note_rights_missed,
    record_rights_request,
)
from shared.contracts.event import CLOCKS_APART
from shared.messaging.errors import Missing
from shared.testing.bench import Bench
from tests.unit.intake.sample import CASE, at_event, at_home, bench, reader, record

FRIDAY = datetime(2023, 3, 17, 9, 30, tzinfo=UTC)
"""Before a weekend and, on 22 and 23 March, two holidays."""
ACCESS = Asked(Right.ACCESS, case_id=CASE)


def anywhere(*_: str) -> None:
    """Whoever asks has the right."""


async def asked(work: Bench, what: Asked = ACCESS) -> RightsRequest:
    made = await work.run(lambda uow: record_rights_request(what, uow, allow=anywhere))
    request = await work.get(RightsRequest, made["request_id"])
    assert request is not None
    assert made["due_at"] == request.due_at.isoformat()
    return request


async def answer(work: Bench, request: RightsRequest, actor: str = "sri-1") -> bool:
    done = await work.run(
        lambda uow: answer_rights_request(
            request.id, RightsOutcome.GRANTED, "Salinan diserahkan", uow, allow=anywhere
        ),
        actor=actor,
    )
    return bool(done["missed"])


@pytest.fixture
async def work() -> Bench:
    at_work = bench()
    await record(at_work, at_event())
    at_work.clock.now = FRIDAY
    return at_work


async def test_the_hours_run_over_a_weekend(work: Bench) -> None:
    request = await asked(work)

    assert request.due_at == datetime(2023, 3, 20, 9, 30, tzinfo=UTC)
    assert [(t.name, t.key, t.due) for t in work.timers if t.name == RIGHTS_DUE] == [
        (RIGHTS_DUE, request.id, request.due_at)
    ]


async def test_about_a_case_it_is_of_the_office_that_works_on_it(work: Bench) -> None:
    request = await asked(work)

    (resident,) = await work.all(Resident)
    assert (request.programme_id, request.region) == ("botram", "32.16.18")
    assert (request.case_id, request.resident_id) == (CASE, resident.id)


async def test_about_a_resident_it_is_of_whoever_answers_for_the_programme(work: Bench) -> None:
    (resident,) = await work.all(Resident)

    request = await asked(work, Asked(Right.ERASURE, resident_id=resident.id))

    assert (request.programme_id, request.region) == ("botram", "32.16")
    assert (request.case_id, request.resident_id) == (None, resident.id)


async def test_about_a_child_of_a_case_it_is_the_child_s_and_of_the_case_s_office() -> None:
    child = NamedParty(Party.SUBJECT, Person("Ani Contoh", birth_date="2019-03-12"))
    work = bench()
    await record(work, at_event(others=(child,)))
    case = await work.get(Case, CASE)
    assert case is not None
    ani = case.parties[Party.SUBJECT]
    assert ani != case.parties[Party.APPLICANT]

    request = await asked(work, Asked(Right.ACCESS, CASE, ani))

    assert (request.case_id, request.resident_id, request.region) == (CASE, ani, "32.16.18")
    with pytest.raises(Refused, match="not_in_case"):
        await asked(work, Asked(Right.ACCESS, CASE, "somebody-else"))


@pytest.mark.parametrize("what", [{"case_id": "case-x"}, {"resident_id": "r-x"}])
async def test_it_is_about_somebody_who_is_known(work: Bench, what: dict[str, Any]) -> None:
    with pytest.raises(Missing):
        await asked(work, Asked(Right.ACCESS, **what))


async def test_a_letter_of_before_brings_the_deadline_nearer(work: Bench) -> None:
    came = FRIDAY - timedelta(hours=70, microseconds=5)

    request = await asked(work, Asked(Right.ACCESS, CASE, received_at=came))

    assert request.received_at == came.replace(microsecond=0)
    assert request.due_at <= FRIDAY + timedelta(hours=2)
    assert request.recorded_at == FRIDAY


@pytest.mark.parametrize(
    ("apart", "reason"),
    [
        (CLOCKS_APART, None),
        (CLOCKS_APART + timedelta(seconds=1), "in_the_future"),
        (-OLDEST, None),
        (-OLDEST - timedelta(seconds=1), "too_long_ago"),
    ],
)
async def test_when_it_was_asked_is_neither_to_come_nor_long_ago(
    work: Bench, apart: timedelta, reason: str | None
) -> None:
    what = Asked(Right.ACCESS, CASE, received_at=FRIDAY + apart)
    if reason is None:
        await asked(work, what)
        return
    with pytest.raises(Refused) as refused:
        await asked(work, what)
    assert refused.value.reason == reason


async def test_an_answer_in_time_ends_the_wait(work: Bench) -> None:
    request = await asked(work)
    work.clock.now = request.due_at

    assert await answer(work, request) is False

    kept = await work.get(RightsRequest, request.id)
    assert kept is not None
    assert (kept.outcome, kept.reason) == (RightsOutcome.GRANTED, "Salinan diserahkan")
    assert (kept.answered_at, kept.answered_by, kept.missed) == (request.due_at, "sri-1", False)
    assert [timer for timer in work.timers if timer.name == RIGHTS_DUE] == []


async def test_a_deadline_that_passed_is_noted_and_stays_noted(work: Bench) -> None:
    request = await asked(work)
    due = work.due(RIGHTS_DUE, request.id)
    work.clock.now = request.due_at + timedelta(seconds=1)

    assert await work.fire(note_rights_missed, due) is True
    noted = await work.get(RightsRequest, request.id)
    assert noted is not None
    assert (noted.missed, noted.outcome) == (True, None)
    assert await answer(work, request) is True
    after = await work.get(RightsRequest, request.id)
    assert after is not None
    assert after.missed


async def test_an_answer_after_the_deadline_is_late_though_no_timer_ran(work: Bench) -> None:
    request = await asked(work)
    work.clock.now = request.due_at + timedelta(seconds=1)

    assert await answer(work, request) is True


async def test_a_timer_that_comes_after_the_answer_does_nothing(work: Bench) -> None:
    request = await asked(work)
    due = work.due(RIGHTS_DUE, request.id)
    await answer(work, request)

    assert await work.fire(note_rights_missed, due) is False

    kept = await work.get(RightsRequest, request.id)
    assert kept is not None
    assert (kept.missed, kept.note_missed() is kept) == (False, True)


async def test_an_answer_stands(work: Bench) -> None:
    request = await asked(work)
    await answer(work, request)

    with pytest.raises(Refused) as refused:
        await answer(work, request, actor="agus-1")
    assert refused.value.reason == "answered_already"


async def test_the_list_is_by_deadline_and_goes_on_where_it_ended(work: Bench) -> None:
    await record(work, at_home(case_id="case-2"))
    hours = (5, 1, 3, 1, 4)
    made = [
        await asked(work, Asked(Right.ACCESS, CASE, received_at=FRIDAY - timedelta(hours=number)))
        for number in hours
    ]
    await asked(work, Asked(Right.ACCESS, "case-2"))
    await answer(work, made[0])
    look = reader(work)

    async def page(after: RightsRequest | None, *, open_: bool = True) -> list[RightsRequest]:
        where = frozenset({"32.16", "32.16.18"})
        return await look.rights_requests(RightsFilter("botram", where, open_, after, 2))

    first = await page(None)
    second = await page(first[-1])

    wanted = sorted(made[1:], key=lambda one: (one.due_at, one.id))
    assert [*first, *second] == wanted
    assert await page(second[-1]) == []
    assert [one.id for one in await page(None, open_=False)] == [made[0].id]


class Heard:
    """Metrics that remember what they were told."""

    def __init__(self) -> None:
        self.told: list[OpenRights] = []

    def rights(self, waiting: OpenRights) -> None:
        """Remember it."""
        self.told.append(waiting)


async def test_metrics_are_told_of_the_nearest_deadline_and_of_its_end(work: Bench) -> None:
    heard = Heard()
    watch = WatchRights(reader(work), heard)
    await watch.look()
    late = await asked(work)
    soon = await asked(work, Asked(Right.ACCESS, CASE, received_at=FRIDAY - timedelta(hours=9)))
    await watch.look()
    for one in (soon, late):
        await answer(work, one)
        await watch.look()

    assert heard.told == [
        OpenRights(0, None),
        OpenRights(2, soon.due_at),
        OpenRights(1, late.due_at),
        OpenRights(0, None),
    ]
