"""Requests recorded, worked and confirmed, on documents in memory."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.intake.domain import (
    AlreadyOpen,
    Case,
    Fact,
    LookupKeys,
    OpenRequests,
    Person,
    Refused,
    Resident,
    Step,
)
from services.intake.usecases import (
    confirm_receipt,
    take_step,
)
from shared.auth.roles import Forbidden
from shared.contracts.intake import (
    CloseOutcome,
    RequestClosed,
    RequestReceived,
)
from shared.messaging.errors import Missing
from shared.testing.bench import Bench
from tests.unit.intake.sample import (
    CASE,
    EVENT,
    NIK,
    SATURDAY,
    at_event,
    at_home,
    bench,
    event_case,
    everybody,
    home_case,
    later,
    record,
)


def at(now: datetime, *kept: object) -> Bench:
    """Return a bench at a time."""
    work = bench(*kept)
    work.clock.now = now
    return work


def nobody(**_: Any) -> None:
    """Let nobody act."""
    raise Forbidden("no")


def present(backdated: list[bool]) -> Callable[..., None]:
    """Let everybody act, and note whether they say that it was earlier."""
    return lambda **asked: backdated.append(asked["backdated"])


async def step(work: Bench, name: Step, allow: Any = everybody, *, by: str = "agus") -> str:
    answer = await work.run(lambda uow: take_step(CASE, name, uow, allow=allow), actor=by)
    return str(answer["state"])


async def test_a_request_is_stored_apart_from_its_person_and_told() -> None:
    work = bench()

    answer = await record(work, at_event())

    told = {"case_id": CASE, "status": "received", "due_on": "2023-03-15", "warnings": []}
    assert answer == {**told, "backdated": False}
    assert "Sukarno" not in str(work.memory.collections)
    (event,), (message,) = work.published, work.messages
    assert isinstance(event, RequestReceived)
    assert (message.envelope.version, message.envelope.occurred_at) == (1, SATURDAY)
    assert message.envelope.actor == "agus"
    assert (event.event_id, event.rw) == (EVENT, None)


async def test_the_rw_is_told_only_where_somebody_comes_to_the_door() -> None:
    work = bench()

    await record(work, at_event(rw="007"))
    await record(work, at_home(case_id="other"))

    told = [event.rw for event in work.published if isinstance(event, RequestReceived)]
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
    work = bench()

    with pytest.raises(Refused) as refused:
        await record(work, at_event(**changed))

    assert (refused.value.reason, refused.value.detail.partition(":")[0]) == (reason, field)
    assert (await work.all(Case), await work.all(Resident), work.published) == ([], [], [])


async def test_who_has_no_right_learns_nothing_of_the_catalogue() -> None:
    with pytest.raises(Forbidden):
        await record(bench(), at_event(service="PASSPORT"), allow=nobody)


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

    await record(bench(), at_event(), allow=present(noted), occurred_at=occurred_at)

    assert noted == [backdated]


async def test_what_has_not_happened_yet_is_refused() -> None:
    ahead = SATURDAY + timedelta(seconds=31)

    with pytest.raises(Refused, match="in_the_future"):
        await record(bench(), at_event(), occurred_at=ahead)


async def test_an_imported_request_counts_from_when_it_was_made() -> None:
    work = at(SATURDAY + timedelta(days=400))

    answer = await record(work, at_event(), occurred_at=SATURDAY)

    assert answer["due_on"] == "2023-03-15"
    assert work.messages[0].envelope.occurred_at == SATURDAY


async def test_steps_tell_of_each_stage_once() -> None:
    work = at(later(20), event_case())

    states = [
        await step(work, name) for name in (Step.VERIFY, Step.VERIFY, Step.ISSUE, Step.HAND_OVER)
    ]

    assert states == ["verified", "verified", "issued", "closed"]
    assert [(m.envelope.type, m.envelope.version) for m in work.messages] == [
        ("intake.request_verified.v1", 2),
        ("intake.document_issued.v1", 3),
        ("intake.request_closed.v1", 5),
    ]
    closed = work.published[-1]
    assert isinstance(closed, RequestClosed)
    assert (closed.outcome, closed.within_standard) == (CloseOutcome.HANDED_OVER, True)


async def test_a_server_whose_clock_lags_does_not_refuse_what_is_done_now() -> None:
    work = at(later(-5), event_case())

    await step(work, Step.VERIFY)

    case = await work.get(Case, CASE)
    assert case is not None
    assert case.facts[Fact.VERIFIED] == SATURDAY


async def test_a_step_needs_a_case_and_the_right_to_it() -> None:
    work = bench(event_case())

    with pytest.raises(Missing):
        await work.run(lambda uow: take_step("another", Step.VERIFY, uow, allow=everybody))
    with pytest.raises(Forbidden):
        await step(work, Step.VERIFY, nobody)


def on_its_way() -> Case:
    """Return a case whose document an agent has fetched."""
    issued = home_case().step(Step.ISSUE, later(1))
    return issued.note(Fact.DOCUMENT_COLLECTED, later(2))


async def test_a_receipt_is_told_once() -> None:
    work = at(later(5), on_its_way())

    for _ in range(2):
        assert await work.run(lambda uow: confirm_receipt(CASE, uow)) == "issued"

    assert work.types == ["receipt_confirmed"]
    with pytest.raises(Missing):
        await work.run(lambda uow: confirm_receipt("another", uow))


CARRIER = "agent-1"


async def test_who_carried_a_document_cannot_confirm_its_receipt_whatever_else_he_is() -> None:
    work = at(later(5), on_its_way().note_carrier(CARRIER))

    with pytest.raises(Refused, match="own_delivery"):
        await step(work, Step.CONFIRM_RECEIPT, by=CARRIER)

    assert work.types == []
    assert await step(work, Step.CONFIRM_RECEIPT, by="operator-1") == "issued"


@pytest.mark.parametrize(
    ("received", "refused"),
    [
        (SATURDAY, False),
        (SATURDAY - timedelta(days=30), False),
        (SATURDAY.replace(hour=16, minute=59), False),
        (SATURDAY.replace(hour=17, minute=0), True),
        (SATURDAY + timedelta(days=700), True),
    ],
)
async def test_a_request_is_taken_until_the_end_of_the_events_day_in_its_zone(
    received: datetime, *, refused: bool
) -> None:
    work = at(received)
    if not refused:
        assert await record(work, at_event())
        return

    with pytest.raises(Refused, match="event_over"):
        await record(work, at_event())

    assert await record(work, at_event(), occurred_at=SATURDAY)


SITI = Person("Siti", NIK)


async def test_a_second_open_request_names_the_first_and_needs_a_reason() -> None:
    work = bench()
    await record(work, at_event(person=SITI))

    with pytest.raises(AlreadyOpen) as refused:
        await record(work, at_event(person=SITI, case_id="case-2"))

    assert refused.value.case_id == CASE
    assert len(await work.all(Case)) == 1
    again = at_event(person=SITI, case_id="case-2", repeat_reason="Untuk anak kedua")
    assert (await record(work, again))["case_id"] == "case-2"


@pytest.mark.parametrize(
    "other",
    [
        {"service": "KK"},
        {"person": Person("Siti", "3216991203850002")},
        {"person": Person("Siti")},
        {"event_id": None},
    ],
)
async def test_another_service_person_or_place_needs_no_reason(other: dict[str, Any]) -> None:
    work = bench()
    await record(work, at_event(person=SITI))

    assert await record(work, at_event(**{"person": SITI, "case_id": "case-2", **other}))


async def test_without_a_nik_phone_and_name_tell_who_somebody_is() -> None:
    work = bench()
    await record(work, at_event(person=Person("Siti  Contoh", phone="+628120000001")))

    same = Person("siti contoh", phone="+628120000001")
    with pytest.raises(AlreadyOpen):
        await record(work, at_event(person=same, case_id="case-2"))
    child = Person("Ani Contoh", phone="+628120000001")
    assert await record(work, at_event(person=child, case_id="case-2"))


async def test_when_the_first_is_closed_the_next_needs_no_reason() -> None:
    work = bench()
    await record(work, at_event(person=SITI))
    await step(work, Step.CANCEL)

    assert await record(work, at_event(person=SITI, case_id="case-2"))


async def test_reasons_have_an_end_and_no_number_stands_in_a_key() -> None:
    work = bench()
    for number in range(5):
        new = at_event(person=SITI, case_id=f"case-{number}", repeat_reason="Untuk anak")
        await record(work, new)

    with pytest.raises(Refused, match="too_many_open"):
        await record(work, at_event(person=SITI, case_id="case-6", repeat_reason="Untuk anak"))

    (kept,) = await work.all(OpenRequests)
    assert len(kept.case_ids) == 5
    assert NIK not in repr(kept)


async def test_a_person_is_known_again_after_a_change_of_the_secret() -> None:
    work = bench()
    await record(work, at_event(person=SITI))

    newer = LookupKeys(b"t" * 32, b"s" * 32)
    with pytest.raises(AlreadyOpen):
        await record(work, at_event(person=SITI, case_id="case-2"), lookups=newer)
