"""What others say of cases, and programmes published and copied, on documents in memory."""

from dataclasses import replace
from functools import partial
from itertools import permutations
from typing import Any

import pytest

from services.intake.domain import Case, Fact, PlannedEvent, Programme, Refused, State
from services.intake.store import COLLECTIONS
from services.intake.usecases import (
    AllowProgramme,
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
from shared.contracts.courier import DeliveryConfirmed, DeliveryFailed, JobAssigned
from shared.contracts.intake import (
    ProgrammePublished,
)
from shared.contracts.scheduler import BoothPlan, TicketIssued, TicketServed
from shared.messaging.errors import Missing, PredecessorMissing
from shared.testing.bench import Bench
from tests.unit.intake.bus import job, scheduled, ticket
from tests.unit.intake.sample import (
    BOTRAM,
    CASE,
    EVENT,
    SATURDAY,
    SETU,
    bench,
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


async def case_of(work: Bench) -> Case:
    """Return the case that is kept."""
    kept = await work.get(Case, CASE)
    assert kept is not None
    return kept


async def publish(work: Bench, wanted: Programme, allow: AllowProgramme = anyone) -> int:
    """Publish a programme; return its version."""
    return int(await work.run(lambda uow: publish_programme(wanted, uow, allow=allow)))


async def copy(work: Bench, source: str, owner: str, allow: AllowProgramme = anyone) -> int:
    """Copy a programme as SREGEP; return the copy's version."""
    use_case = partial(copy_programme, source, "sregep", "SREGEP", owner, allow=allow)
    return int(await work.run(use_case))


async def test_a_served_ticket_takes_the_request_in() -> None:
    case = event_case()
    work = bench(case)

    issued, served = ticket(TicketIssued, case), ticket(TicketServed, case)
    await work.handle(note_ticket, issued, occurred_at=later(1))
    await work.handle(note_ticket, served, occurred_at=later(9))

    kept = await case_of(work)
    assert kept.state is State.VERIFIED
    assert [(m.envelope.type, m.envelope.occurred_at) for m in work.messages] == [
        ("intake.request_verified.v1", later(9))
    ]
    noted = kept.ticket
    assert noted is not None
    assert (noted.number, noted.since, noted.served_at) == (17, later(1), later(9))


@pytest.mark.parametrize("event", JOB_FACTS)
async def test_what_courier_says_is_kept(event: Any) -> None:
    case = home_case()
    work = bench(case)
    said = job(event, case)

    await work.handle(note_job, said, occurred_at=later(4))

    assert (await case_of(work)).facts[JOB_FACTS[event]] == later(4)
    assert (await case_of(work)).carriers == ("agent-1",)
    assert work.types == []


async def test_failed_attempts_are_counted() -> None:
    case = home_case()
    work = bench(case)

    for attempt in (2, 1):
        said = job(DeliveryFailed, case, attempt=attempt)
        assert isinstance(said, DeliveryFailed)
        await work.handle(note_failure, said, occurred_at=later(attempt))

    kept = await case_of(work)
    assert (kept.failed_attempts, kept.carriers) == (2, ("agent-1",))
    assert kept.facts[Fact.DELIVERY_FAILED] == later(1)


async def test_what_is_said_of_a_case_that_is_not_there_waits_for_it() -> None:
    said = job(DeliveryConfirmed, home_case())

    with pytest.raises(PredecessorMissing) as missing:
        await bench().handle(note_job, said, occurred_at=later(1))

    assert (missing.value.collection, missing.value.id) == ("cases", CASE)


async def test_no_programme_says_anything_of_anothers_case() -> None:
    work = bench(home_case())
    said = job(DeliveryConfirmed, home_case(), programme_id="botram")

    with pytest.raises(Refused, match="foreign_programme"):
        await work.handle(note_job, said, occurred_at=later(1))


async def test_an_event_is_copied_when_it_is_newer() -> None:
    work = Bench(COLLECTIONS)
    moved = scheduled(place="Lapangan Desa Ciledug")

    await work.handle(copy_event, moved, occurred_at=SATURDAY, version=4)
    await work.handle(copy_event, scheduled(), occurred_at=SATURDAY, version=3)

    assert await work.get(PlannedEvent, EVENT) == replace(
        SETU,
        version=4,
        place="Lapangan Desa Ciledug",
        opens_at=moved.opens_at,
        closes_at=moved.closes_at,
    )


async def test_services_without_a_line_are_kept_apart() -> None:
    work = Bench(COLLECTIONS)
    walk_up = BoothPlan(booth_id="b-2", agency="BPJS", services=("IKD",), ticketed=False)
    event = scheduled()
    mixed = event.model_copy(update={"booths": (*event.booths, walk_up)})

    await work.handle(copy_event, mixed, occurred_at=SATURDAY)

    kept = await work.get(PlannedEvent, EVENT)
    assert kept is not None
    assert sorted(kept.services) == ["IKD", "KIA", "KK"]
    assert sorted(kept.ticketed) == ["KIA", "KK"]


async def test_a_programme_is_published_whole_and_again_only_when_it_changed() -> None:
    work = Bench(COLLECTIONS)
    wanted = replace(BOTRAM, version=0)

    versions = [
        await publish(work, programme)
        for programme in (wanted, wanted, replace(wanted, name="Botram"), wanted)
    ]

    assert versions == [1, 1, 2, 3]
    assert [m.envelope.version for m in work.messages] == [1, 2, 3]
    event = work.published[0]
    assert isinstance(event, ProgrammePublished)
    assert [s.code for s in event.services] == ["KIA", "KK", "IKD"]
    assert event.standard_working_days == 3


async def test_a_shipped_programme_never_takes_the_place_of_an_offices_own() -> None:
    work = Bench(COLLECTIONS)
    shipped = replace(BOTRAM, version=0)

    first = await work.run(lambda uow: publish_if_missing(shipped, uow, allow=anyone))
    own = replace(shipped, name="Kami")
    changed = await work.run(lambda uow: publish_programme(own, uow, allow=anyone))
    again = await work.run(lambda uow: publish_if_missing(shipped, uow, allow=anyone))

    assert (first, changed, again) == (1, 2, 2)
    assert [programme.name for programme in await work.all(Programme)] == ["Kami"]
    assert [m.envelope.version for m in work.messages] == [1, 2]


async def test_a_programme_is_copied_under_another_name_and_owner() -> None:
    work = bench()

    for _ in range(2):
        copied = await copy(work, "botram", KESRA)
        assert copied == 1

    (published,) = work.published
    assert isinstance(published, ProgrammePublished)
    assert (published.owner, published.copied_from) == (KESRA, "botram")
    with pytest.raises(Refused, match="programme_exists"):
        await copy(work, "botram", "Somebody else")
    with pytest.raises(Missing):
        await copy(work, "nothing", KESRA)


async def test_programmes_are_kept_by_those_who_may() -> None:
    work = bench()

    with pytest.raises(Forbidden):
        await publish(work, replace(BOTRAM, name="Mine"), none)
    with pytest.raises(Forbidden):
        await copy(work, "botram", KESRA, none)

    assert await work.get(Programme, "botram") == BOTRAM
    assert not work.published


async def test_every_agent_who_ever_had_the_job_is_known() -> None:
    case = home_case()
    work = bench(case)

    for agent in ("agent-2", "agent-1", "agent-2"):
        await work.handle(note_job, job(JobAssigned, case, agent_id=agent), occurred_at=later(1))

    assert (await case_of(work)).carriers == ("agent-1", "agent-2")


@pytest.mark.parametrize("order", list(permutations((1, 2, 3))), ids=str)
async def test_who_carries_now_is_whom_the_newest_version_of_the_job_names(
    order: tuple[int, ...],
) -> None:
    case = home_case()
    work = bench(case)
    agents = {1: "agent-1", 2: "agent-2", 3: "agent-2"}

    for version in order:
        said = job(JobAssigned, case, agent_id=agents[version])
        await work.handle(note_job, said, occurred_at=later(1), version=version)

    kept = await case_of(work)
    assert kept.is_carried_by("agent-2")
    assert not kept.is_carried_by("agent-1")


@pytest.mark.parametrize(
    ("deliver", "facts", "still"),
    [
        (True, (), True),
        (True, (Fact.PAPERS_HANDED_IN,), True),
        (True, (Fact.ISSUED, Fact.DELIVERY_REPORTED), True),
        (True, (Fact.DELIVERY_CONFIRMED,), False),
        (True, (Fact.CANCELLED,), False),
        (False, (Fact.PAPERS_COLLECTED,), True),
        (False, (Fact.PAPERS_HANDED_IN,), False),
        (False, (Fact.REJECTED,), False),
    ],
)
def test_a_job_is_carried_as_long_as_there_is_something_to_carry(
    *, deliver: bool, facts: tuple[Fact, ...], still: bool
) -> None:
    case = replace(home_case(), deliver=deliver).note_carrier("agent-1", 1)
    for fact in facts:
        case = case.note(fact, later(2))

    assert case.is_carried_by("agent-1") is still
