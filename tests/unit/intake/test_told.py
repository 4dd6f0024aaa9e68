"""What others say of cases, and programmes published and copied, on documents in memory."""

from dataclasses import replace
from typing import Any

import pytest

from services.intake.domain import Fact, Programme, Refused, State
from services.intake.store.documents import from_event, to_event
from services.intake.usecases import (
    copy_event,
    copy_programme,
    note_failure,
    note_job,
    note_ticket,
    publish_if_missing,
    publish_programme,
)
from services.intake.usecases.case_progress import JOB_FACTS
from shared.auth.roles import Forbidden
from shared.contracts.courier import DeliveryConfirmed, DeliveryFailed
from shared.contracts.intake import (
    ProgrammePublished,
)
from shared.contracts.scheduler import BoothPlan, TicketIssued, TicketServed
from shared.messaging.errors import Missing, PredecessorMissing
from tests.unit.intake.bus import job, scheduled, ticket
from tests.unit.intake.fake import FakeWork
from tests.unit.intake.sample import (
    BOTRAM,
    CASE,
    EVENT,
    SATURDAY,
    SETU,
    event_case,
    home_case,
    later,
)

KESRA = "Bagian Kesra Setda Kabupaten Bekasi"


def anyone(_: Programme) -> None:
    """Let everybody keep programmes."""


def none(_: Programme) -> None:
    """Let nobody keep programmes."""
    raise Forbidden("no")


async def test_a_served_ticket_takes_the_request_in() -> None:
    case = event_case()
    work = FakeWork(cases={CASE: case})

    issued, served = ticket(TicketIssued, case), ticket(TicketServed, case)
    await note_ticket(issued, work.handling(issued, later(1)))
    await note_ticket(served, work.handling(served, later(9)))

    assert work.cases[CASE].state is State.VERIFIED
    assert [(p.event.type, p.occurred_at) for p in work.published] == [
        ("intake.request_verified.v1", later(9))
    ]
    noted = work.cases[CASE].ticket
    assert noted is not None
    assert (noted.number, noted.since, noted.served_at) == (17, later(1), later(9))


@pytest.mark.parametrize("event", JOB_FACTS)
async def test_what_courier_says_is_kept(event: Any) -> None:
    case = home_case()
    work = FakeWork(cases={CASE: case})
    said = job(event, case)

    await note_job(said, work.handling(said, later(4)))

    assert work.cases[CASE].facts[JOB_FACTS[event]] == later(4)
    assert work.types == []


async def test_failed_attempts_are_counted() -> None:
    case = home_case()
    work = FakeWork(cases={CASE: case})

    for attempt in (2, 1):
        said = job(DeliveryFailed, case, attempt=attempt)
        assert isinstance(said, DeliveryFailed)
        await note_failure(said, work.handling(said, later(attempt)))

    assert work.cases[CASE].failed_attempts == 2
    assert work.cases[CASE].facts[Fact.DELIVERY_FAILED] == later(1)


async def test_what_is_said_of_a_case_that_is_not_there_waits_for_it() -> None:
    said = job(DeliveryConfirmed, home_case())

    with pytest.raises(PredecessorMissing) as missing:
        await note_job(said, FakeWork().handling(said, later(1)))

    assert (missing.value.collection, missing.value.id) == ("cases", CASE)


async def test_no_programme_says_anything_of_anothers_case() -> None:
    work = FakeWork(cases={CASE: home_case()})
    said = job(DeliveryConfirmed, home_case(), programme_id="botram")

    with pytest.raises(Refused, match="foreign_programme"):
        await note_job(said, work.handling(said, later(1)))


async def test_an_event_is_copied_when_it_is_newer() -> None:
    work = FakeWork(events={})
    moved = scheduled(place="Lapangan Desa Ciledug")

    await copy_event(moved, work.handling(moved, SATURDAY, version=4))
    await copy_event(scheduled(), work.handling(scheduled(), SATURDAY, version=3))

    assert work.events[EVENT] == replace(SETU, version=4, place="Lapangan Desa Ciledug")


async def test_services_without_a_line_are_kept_apart() -> None:
    work = FakeWork(events={})
    walk_up = BoothPlan(booth_id="b-2", agency="BPJS", services=("IKD",), ticketed=False)
    event = scheduled()
    mixed = event.model_copy(update={"booths": (*event.booths, walk_up)})

    await copy_event(mixed, work.handling(mixed, SATURDAY))

    kept = work.events[EVENT]
    assert sorted(kept.services) == ["IKD", "KIA", "KK"]
    assert sorted(kept.ticketed) == ["KIA", "KK"]
    old = {k: v for k, v in from_event(kept).items() if k != "ticketed"}
    assert to_event(old).ticketed == kept.services


async def test_a_programme_is_published_whole_and_again_only_when_it_changed() -> None:
    work = FakeWork(programmes={})
    wanted = replace(BOTRAM, version=0)

    versions = [
        await publish_programme(programme, work, allow=anyone)
        for programme in (wanted, wanted, replace(wanted, name="Botram"), wanted)
    ]

    assert versions == [1, 1, 2, 3]
    assert [p.version for p in work.published] == [1, 2, 3]
    event = work.published[0].event
    assert isinstance(event, ProgrammePublished)
    assert [s.code for s in event.services] == ["KIA", "KK", "IKD"]
    assert event.standard_working_days == 3


async def test_a_shipped_programme_never_takes_the_place_of_an_offices_own() -> None:
    work = FakeWork(programmes={})
    shipped = replace(BOTRAM, version=0)

    first = await publish_if_missing(shipped, work, allow=anyone)
    changed = await publish_programme(replace(shipped, name="Kami"), work, allow=anyone)
    again = await publish_if_missing(shipped, work, allow=anyone)

    assert (first, changed, again) == (1, 2, 2)
    assert work.programmes["botram"].name == "Kami"
    assert [p.version for p in work.published] == [1, 2]


async def test_a_programme_is_copied_under_another_name_and_owner() -> None:
    work = FakeWork()

    for _ in range(2):
        copied = await copy_programme("botram", "sregep", "SREGEP", KESRA, work, allow=anyone)
        assert copied == 1

    (published,) = work.published
    assert isinstance(published.event, ProgrammePublished)
    assert (published.event.owner, published.event.copied_from) == (KESRA, "botram")
    with pytest.raises(Refused, match="programme_exists"):
        await copy_programme("botram", "sregep", "SREGEP", "Somebody else", work, allow=anyone)
    with pytest.raises(Missing):
        await copy_programme("nothing", "sregep", "SREGEP", KESRA, work, allow=anyone)


async def test_programmes_are_kept_by_those_who_may() -> None:
    work = FakeWork()

    with pytest.raises(Forbidden):
        await publish_programme(replace(BOTRAM, name="Mine"), work, allow=none)
    with pytest.raises(Forbidden):
        await copy_programme("botram", "sregep", "SREGEP", KESRA, work, allow=none)

    assert work.programmes["botram"] == BOTRAM
    assert not work.published
