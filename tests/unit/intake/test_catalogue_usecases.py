"""Catalogues published, and requests taken up under them, on documents in memory."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from services.intake.domain import (
    Case,
    Catalogue,
    ChannelCannot,
    Checklist,
    Programme,
    Refused,
    Step,
)
from services.intake.domain.daily_cap import DayShare
from services.intake.usecases import (
    copy_programme,
    publish_catalogue,
    publish_catalogue_if_missing,
    publish_programme,
    take_step,
    waive,
)
from shared.auth.roles import Forbidden
from shared.contracts.intake import ProgrammePublished
from shared.messaging.errors import Missing
from shared.testing.bench import Bench
from tests.unit.intake.catalogue_sample import INSTEAD, WITH_CATALOGUE, capped, catalogue
from tests.unit.intake.sample import (
    BOTRAM,
    CASE,
    SATURDAY,
    SETU,
    at_event,
    bench,
    everybody,
    record,
)


def anybody(_: Programme) -> None:
    """Let everybody publish."""


def nobody(*_: Any, **__: Any) -> None:
    """Let nobody act."""
    raise Forbidden("no")


async def publish(work: Bench, wanted: Catalogue, allow: Any = anybody) -> int:
    version: int = await work.run(lambda uow: publish_catalogue(wanted, uow, allow=allow))
    return version


def office(said: Catalogue | None = None) -> Bench:
    """Return a bench at the time of the event, with this catalogue published."""
    work = bench(WITH_CATALOGUE, said or catalogue())
    work.clock.now = SATURDAY
    return work


async def test_a_catalogue_counts_from_its_publication_and_the_event_says_nothing_of_it() -> None:
    work = bench()

    versions = [await publish(work, catalogue()) for _ in range(2)]
    versions.append(await publish(work, catalogue(cost="Gratis, selalu.")))

    programme = await work.get(Programme, "botram")
    assert versions == [1, 1, 2]
    assert programme is not None
    assert (programme.catalogue_version, programme.version) == (2, 3)
    kept = await work.all(Catalogue)
    assert {one.id: one.cost for one in kept} == {
        "botram:1": "Gratis.",
        "botram:2": "Gratis, selalu.",
    }
    assert [type(event) for event in work.published] == [ProgrammePublished] * 2
    assert "Gratis" not in str(work.messages[0].body)


async def test_who_may_not_publish_leaves_nothing_and_an_unfit_one_neither() -> None:
    work = bench()

    with pytest.raises(Forbidden):
        await publish(work, catalogue(), nobody)
    with pytest.raises(Refused):
        await publish(work, catalogue(entries=catalogue().entries[:1]))
    with pytest.raises(Missing):
        await publish(work, catalogue("unheard_of"))

    assert (await work.all(Catalogue), work.published) == ([], [])


async def test_what_is_shipped_never_takes_the_place_of_an_offices_own() -> None:
    work = bench()
    own = catalogue(cost="Gratis, selalu.")

    async def shipped(wanted: Catalogue) -> int | None:
        version: int | None = await work.run(
            lambda uow: publish_catalogue_if_missing(wanted, uow, allow=anybody)
        )
        return version

    assert await shipped(catalogue(entries=catalogue().entries[:1])) is None
    assert await publish(work, own) == 1
    assert await shipped(catalogue()) == 1
    assert [one.cost for one in await work.all(Catalogue)] == ["Gratis, selalu."]


async def test_a_programme_published_again_keeps_its_catalogue_and_a_copy_has_one() -> None:
    work = office()

    await work.run(
        lambda uow: publish_programme(replace(BOTRAM, name="BOTRAM 2"), uow, allow=anybody)
    )
    for _ in range(2):
        await work.run(
            lambda uow: copy_programme("botram", "sregep", "SREGEP", "Kesra", uow, allow=anybody)
        )

    programmes = {one.id: one.catalogue_version for one in await work.all(Programme)}
    assert (programmes["botram"], programmes["sregep"]) == (1, 1)
    copy = await work.get(Catalogue, "sregep:1")
    assert copy is not None
    assert copy.entries == catalogue().entries


async def test_a_case_keeps_the_version_that_it_was_opened_under() -> None:
    work = office()

    answer = await record(work, at_event(variant="KIA_UNDER_5"))
    await publish(work, catalogue(cost="Gratis, selalu."))
    await record(work, at_event(case_id="later"))

    cases = {case.id: (case.catalogue_version, case.entry) for case in await work.all(Case)}
    assert cases == {CASE: (1, "KIA_UNDER_5"), "later": (2, "KIA_5_TO_17")}
    assert (answer["catalogue_version"], answer["entry"]) == (1, "KIA_UNDER_5")
    assert answer["taken_up_on"] is None


async def test_what_a_channel_cannot_do_is_said_with_what_can_be_done_and_leaves_nothing() -> None:
    work = office()

    with pytest.raises(ChannelCannot) as refused:
        await record(work, at_event(service="IKD"))
    with pytest.raises(Refused) as unknown:
        await record(work, at_event(variant="UNHEARD_OF"))

    assert refused.value.instead == INSTEAD
    assert unknown.value.reason == "variant_unknown"
    assert (await work.all(Case), work.published) == ([], [])


async def test_a_variant_needs_a_catalogue() -> None:
    with pytest.raises(Refused) as refused:
        await record(bench(), at_event(variant="KIA_UNDER_5"))
    assert refused.value.reason == "variant_unknown"


async def test_without_a_cap_nothing_is_counted() -> None:
    work = office()

    await record(work, at_event())

    assert await work.all(DayShare) == []


async def test_what_a_day_cannot_take_waits_for_the_next_working_day() -> None:
    work = office(capped(5))

    answers = [await record(work, at_event(case_id=f"case-{number}")) for number in range(12)]

    days = [answer["taken_up_on"] for answer in answers]
    assert days == [None] * 5 + ["2023-03-13"] * 5 + ["2023-03-14"] * 2
    assert [answer["due_on"] for answer in (answers[0], answers[5], answers[10])] == [
        "2023-03-15",
        "2023-03-16",
        "2023-03-17",
    ]
    shares = await work.all(DayShare)
    taken = [sum(one.taken.get(date(2023, 3, day), 0) for one in shares) for day in (11, 13, 14)]
    assert (taken, len(shares)) == ([5, 5, 2], 4)


async def test_a_request_writes_one_share_alone() -> None:
    work = office(capped(8))

    await record(work, at_event())

    (share,) = await work.all(DayShare)
    assert (share.version, sum(share.taken.values())) == (1, 1)


async def test_a_booking_takes_a_place_on_the_day_of_its_event() -> None:
    work = office(capped(1))
    work.clock.now = SATURDAY - timedelta(days=3)

    first, second = [await record(work, at_event(case_id=f"case-{n}")) for n in range(2)]

    (share,) = await work.all(DayShare)
    assert share.taken == {SETU.on: 1, date(2023, 3, 13): 1}
    assert (first["taken_up_on"], second["taken_up_on"]) == (None, "2023-03-13")


async def test_what_is_brought_in_later_takes_no_place() -> None:
    work = office(capped(1))

    await record(work, at_event(), occurred_at=SATURDAY - timedelta(minutes=5))

    assert await work.all(DayShare) == []


async def test_where_every_day_is_full_the_request_is_refused() -> None:
    work = office(capped(1))
    for number in range(60):
        await record(work, at_event(case_id=f"case-{number}"))

    with pytest.raises(Refused) as refused:
        await record(work, at_event(case_id="one-too-many"))

    assert refused.value.reason == "no_day_left"


async def do_without(work: Bench, requirement: str = "family_card", **how: Any) -> None:
    allow = how.pop("allow", everybody)
    await work.run(
        lambda uow: waive(CASE, requirement, "seen_in_siak", uow, allow=allow),
        actor=how.pop("by", "agus"),
    )


async def test_a_paper_is_waived_once() -> None:
    work = office()
    await record(work, at_event())

    await do_without(work)
    await do_without(work, by="budi")

    (checklist,) = await work.all(Checklist)
    assert [(one.by, one.at, one.reason) for one in checklist.waivers] == [
        ("agus", SATURDAY, "seen_in_siak")
    ]


async def test_a_paper_is_not_waived_by_who_may_not_nor_in_a_closed_case() -> None:
    work = office()
    await record(work, at_event())

    with pytest.raises(Forbidden):
        await do_without(work, allow=nobody)
    await work.run(lambda uow: take_step(CASE, Step.CANCEL, uow, allow=everybody))
    with pytest.raises(Refused) as closed:
        await do_without(work)

    assert closed.value.reason == "closed"
    assert await work.all(Checklist) == []


async def test_a_case_without_a_catalogue_has_nothing_to_waive() -> None:
    work = bench()
    await record(work, at_event())

    with pytest.raises(Refused) as refused:
        await do_without(work)

    assert refused.value.reason == "no_catalogue"
