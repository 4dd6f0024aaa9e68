"""Visits: several people's requests at once, papers that serve them all, and life events."""

from dataclasses import replace
from functools import partial
from itertools import count
from typing import Any

import pytest

from services.intake.domain import (
    AlreadyOpen,
    Basis,
    Case,
    CasePapers,
    ChannelCannot,
    Fault,
    LifeEvent,
    NamedParty,
    NewRequest,
    OpenRequests,
    PaperKind,
    PaperStanding,
    Party,
    Person,
    Refused,
    Requirement,
    Resident,
    ReturnedItem,
    Statement,
    Step,
    TargetGroup,
    Whose,
)
from services.intake.domain.visit import VISIT_REQUESTS, Visit, Wanted
from services.intake.gateways import KeptCatalogues
from services.intake.usecases import (
    InVisit,
    NewVisit,
    Sealing,
    bind_paper,
    checklist_of,
    correct,
    erase_resident,
    name_party,
    record_request,
    record_visit,
    return_case,
    take_step,
)
from shared.auth.roles import Forbidden
from shared.files.stored import FileState, StoredFile
from shared.testing.bench import Bench
from tests.unit.intake.catalogue_sample import (
    BIRTH,
    FAMILY_CARD,
    PHOTO,
    PROXY,
    WITH_CATALOGUE,
    catalogue,
    entry,
)
from tests.unit.intake.sample import (
    CASE,
    EVENT,
    LOOKUPS,
    NIK,
    SATURDAY,
    VAULT,
    Closed,
    at_event,
    bench,
    everybody,
    reader,
    record,
)

SITI = Person("Siti Contoh", NIK, "+628120000001")
BABY, TWIN = Person("Bayi Contoh"), Person("Bayi Contoh")
"""Of one day, without a NIK, and with one name: equal, and not the same."""
MOTHER = NamedParty(Party.GUARDIAN, SITI, Basis.PARENT)


def of(requirement: Requirement, whose: Whose) -> Requirement:
    """Return a requirement whose papers serve a visit as these people's."""
    return replace(requirement, any_of=tuple(replace(one, of=whose) for one in requirement.any_of))


NEEDED = (of(FAMILY_CARD, Whose.PARTY), of(BIRTH, Whose.SUBJECT), PHOTO)
PROXIES = of(PROXY, Whose.APPLICANT)
BORN = LifeEvent("birth", "Kelahiran", ("KIA_UNDER_5", "KK"), ("Daftarkan BPJS.",), ("Usulan",))
FAMILY = catalogue(
    entries=(
        entry("KIA_UNDER_5", "KIA", *NEEDED, PROXIES, channels=("event",)),
        entry("KK", "KK", NEEDED[0], channels=("event",)),
        *catalogue().entries[3:],
    ),
    life_events=(BORN,),
)


def wants(service: str, person: Person = SITI, *others: NamedParty, **more: Any) -> NewRequest:
    return at_event(case_id="", tracking="", service=service, person=person, others=others, **more)


def visit(*wanted: NewRequest | Wanted, id_: str = "visit-1") -> NewVisit:
    asked = tuple(one if isinstance(one, Wanted) else Wanted(one) for one in wanted)
    return NewVisit(id_, "botram", "event", EVENT, asked)


async def come(work: Bench, new: NewVisit, **changed: Any) -> dict[str, Any]:
    """Record a visit; its cases are case-1, case-2 and so on."""
    numbers, kept = count(1), KeptCatalogues(reader(work))
    how = {"holidays": Closed(), "lookups": LOOKUPS, "vault": VAULT, "allow": everybody}
    record_one = partial(record_request, catalogues=kept, **{**how, **changed})

    def codes() -> tuple[str, str]:
        case_id = f"{new.id}-case-{next(numbers)}"
        return case_id, case_id

    answer: dict[str, Any] = await work.run(
        lambda uow: record_visit(new, uow, record=record_one, new_codes=codes, catalogues=kept)
    )
    return answer


async def case(work: Bench, number: int) -> Case:
    found = await work.get(Case, f"visit-1-case-{number}")
    assert found is not None
    return found


async def bound(work: Bench, number: int, kind: PaperKind, as_: Party | None = None) -> str:
    """Have a file sent for a case and bound to it, for the visit where `as_` says whose it is."""
    case_id = f"visit-1-case-{number}"
    file_id = f"{case_id}-{kind}-{as_}"
    work.keep(
        StoredFile(
            id=file_id,
            purpose="paper",
            about=case_id,
            since=SATURDAY,
            sealed_key={},
            state=FileState.CHECKED,
            type="image/png",
        )
    )
    await work.run(
        lambda uow: bind_paper(case_id, file_id, kind, uow, allow=everybody, visit_as=as_)
    )
    return file_id


async def standing(work: Bench, number: int) -> dict[str, PaperStanding]:
    one = await case(work, number)
    checked = await checklist_of(one, reader(work), KeptCatalogues(reader(work)))
    assert checked is not None
    return {line.requirement.id: line.standing for line in checked.lines}


def family() -> Bench:
    return bench(WITH_CATALOGUE, FAMILY)


async def twins() -> Bench:
    """A mother asks for the cards of two newborns, and for the family card."""
    work = family()
    babies = [wants("KIA", SITI, NamedParty(Party.SUBJECT, one)) for one in (BABY, TWIN)]
    await come(work, visit(*babies, wants("KK")))
    return work


async def test_all_requests_of_a_visit_are_recorded_and_know_it() -> None:
    work = bench()
    answer = await come(work, visit(wants("KK"), wants("KIA", BABY, MOTHER)))

    ids = ("visit-1-case-1", "visit-1-case-2")
    assert [(one["index"], one["case_id"], one["service"]) for one in answer["cases"]] == [
        (0, ids[0], "KK"),
        (1, ids[1], "KIA"),
    ]
    kept = await work.get(Visit, "visit-1")
    assert kept == Visit("visit-1", "botram", "event", EVENT, work.clock(), ids)
    assert {one.visit_id for one in await work.all(Case)} == {"visit-1"}
    assert work.types == ["request_received", "request_received"]


async def test_one_of_them_is_one_resident_also_without_a_nik_and_twins_are_two() -> None:
    work = await twins()

    first, second, third = [await case(work, number) for number in (1, 2, 3)]
    mothers = {one.parties[Party.APPLICANT] for one in (first, second, third)}
    assert len(mothers) == 1
    assert first.parties[Party.SUBJECT] != second.parties[Party.SUBJECT]
    assert len(await work.all(Resident)) == 3
    assert len(await work.all(Statement)) == 5


async def test_a_newborn_of_two_requests_is_one_resident() -> None:
    work = bench()
    newborn = NamedParty(Party.SUBJECT, BABY)
    await come(work, visit(wants("KIA", SITI, newborn), wants("KK", SITI, newborn)))

    babies = {one.parties[Party.SUBJECT] for one in await work.all(Case)}
    assert len(babies) == 1
    found = await work.get(Resident, babies.pop())
    assert found is not None
    assert found.said == ("visit-1-case-1.subject", "visit-1-case-2.subject")


async def test_one_refusal_refuses_all_and_names_its_request() -> None:
    work = bench()
    with pytest.raises(InVisit) as found:
        await come(work, visit(wants("KK"), wants("PASSPORT")))

    assert (found.value.index, found.value.same_as) == (1, None)
    assert isinstance(found.value.cause, Refused)
    assert found.value.cause.reason == "service_not_offered"
    for kept in (Case, Visit, Resident):
        assert await work.all(kept) == []
    assert not work.messages
    assert not work.timers


async def test_what_a_channel_cannot_and_nobody_may_is_named_alike() -> None:
    def only_setu(**asked: Any) -> None:
        if asked["domicile"] != "32.16.18.2001":
            raise Forbidden("no role")

    with pytest.raises(InVisit) as cannot:
        await come(family(), visit(wants("KK"), wants("IKD", event_id=None)))
    elsewhere = wants("KIA", BABY, region_code="32.16.06.2001")
    with pytest.raises(InVisit) as denied:
        await come(bench(), visit(wants("KK"), elsewhere), allow=only_setu)

    assert (cannot.value.index, type(cannot.value.cause)) == (1, ChannelCannot)
    assert (denied.value.index, type(denied.value.cause)) == (1, Forbidden)


async def test_the_same_twice_in_one_visit_names_the_other_and_a_reason_takes_it() -> None:
    work = bench()
    with pytest.raises(InVisit) as found:
        await come(work, visit(wants("KIA"), wants("KK"), wants("KK")))
    await come(work, visit(wants("KK"), wants("KK", repeat_reason="Satu lagi rusak")))

    assert (found.value.index, found.value.same_as) == (2, 1)
    assert isinstance(found.value.cause, AlreadyOpen)
    assert len(await work.all(Case)) == 2


async def test_a_subject_s_requests_are_told_apart_and_follow_a_correction() -> None:
    work = await twins()
    (mother,) = {one.parties[Party.APPLICANT] for one in await work.all(Case)}
    found = await work.get(Resident, mother)
    assert found is not None
    assert len(found.asked) == 3
    right, by = {"nik": "3216991203850009"}, Sealing(VAULT, LOOKUPS)
    await work.run(lambda uow: correct(mother, right, uow, by=by, allow=everybody))

    kept = await work.all(OpenRequests)
    assert sorted(len(one.case_ids) for one in kept) == [0, 0, 0, 1, 1, 1]


async def test_what_was_open_before_the_visit_is_named_by_its_case() -> None:
    work = bench()
    await record(work, at_event(person=SITI))
    with pytest.raises(InVisit) as found:
        await come(work, visit(wants("KIA")))

    assert found.value.same_as is None
    assert isinstance(found.value.cause, AlreadyOpen)
    assert found.value.cause.case_id == CASE


async def test_a_visit_has_an_end_with_what_life_events_open() -> None:
    born = Wanted(wants("", repeat_reason="Kembar"), "birth")
    work = family()
    await come(work, visit(*([born] * (VISIT_REQUESTS // 2))[:2]))
    with pytest.raises(Refused) as refused:
        await come(work, visit(*([born] * (VISIT_REQUESTS // 2)), wants("KK"), id_="visit-2"))

    assert refused.value.reason == "too_many_requests"


async def test_a_life_event_opens_what_belongs_together_in_its_order() -> None:
    work = family()
    newborn = NamedParty(Party.SUBJECT, BABY)
    answer = await come(work, visit(Wanted(wants("", SITI, newborn, MOTHER), "birth")))

    assert [(one["index"], one["entry"]) for one in answer["cases"]] == [
        (0, "KIA_UNDER_5"),
        (0, "KK"),
    ]
    told = {"index": 0, "life_event": "birth", "catalogue_version": 1}
    assert answer["told"] == [told]
    kept = await work.get(Visit, "visit-1")
    assert kept is not None
    assert kept.life_events == ("birth",)
    for one in await work.all(Case):
        assert set(one.parties) == {Party.APPLICANT, Party.SUBJECT, Party.GUARDIAN}


@pytest.mark.parametrize("kept", [(), (WITH_CATALOGUE, FAMILY)])
async def test_a_life_event_that_no_catalogue_has_is_refused_by_its_index(kept: Any) -> None:
    wanted = Wanted(wants(""), "wedding")
    with pytest.raises(InVisit) as found:
        await come(bench(*kept), visit(wants("KK"), wanted))

    assert isinstance(found.value.cause, Refused)
    assert (found.value.index, found.value.cause.reason) == (1, "life_event_unknown")


async def test_a_paper_bound_once_for_the_visit_counts_in_every_case_that_needs_it() -> None:
    work = await twins()
    await bound(work, 1, PaperKind.FAMILY_CARD, Party.APPLICANT)
    await bound(work, 2, PaperKind.BIRTH_NOTE, Party.SUBJECT)

    first, second, third = [await standing(work, number) for number in (1, 2, 3)]
    assert [one["family_card"] for one in (first, second, third)] == [PaperStanding.PRESENT] * 3
    assert first["birth_note"] is PaperStanding.MISSING, "it is the other twin's"
    assert second["birth_note"] is PaperStanding.PRESENT


async def test_a_paper_that_is_bound_to_a_case_alone_counts_there_alone() -> None:
    work = await twins()
    await bound(work, 1, PaperKind.FAMILY_CARD)
    await bound(work, 1, PaperKind.PHOTO, Party.SUBJECT)

    first, second, third = [await standing(work, number) for number in (1, 2, 3)]
    assert (first["family_card"], first["photo"]) == (PaperStanding.PRESENT,) * 2
    assert second["family_card"] is third["family_card"] is PaperStanding.MISSING
    assert second["photo"] is PaperStanding.MISSING, "the catalogue does not say that it serves"


async def test_a_stranger_s_paper_serves_nobody_else_of_the_visit() -> None:
    work = family()
    tono = Person("Tono Contoh", "3216991203850002")
    await come(work, visit(wants("KK"), wants("KK", tono)))
    await bound(work, 1, PaperKind.FAMILY_CARD, Party.APPLICANT)

    assert (await standing(work, 2))["family_card"] is PaperStanding.MISSING


async def test_who_is_erased_takes_his_papers_out_of_all_cases() -> None:
    work = await twins()
    card = await bound(work, 1, PaperKind.FAMILY_CARD, Party.APPLICANT)
    note = await bound(work, 2, PaperKind.BIRTH_NOTE, Party.SUBJECT)
    babies = [(await case(work, number)).parties[Party.SUBJECT] for number in (1, 2)]

    await work.run(lambda uow: erase_resident(babies[0], uow))
    assert (await standing(work, 2))["birth_note"] is PaperStanding.PRESENT
    await work.run(lambda uow: erase_resident(babies[1], uow))
    assert (await standing(work, 2))["birth_note"] is PaperStanding.MISSING
    assert (await standing(work, 3))["family_card"] is PaperStanding.PRESENT
    mother = (await case(work, 1)).parties[Party.APPLICANT]
    await work.run(lambda uow: erase_resident(mother, uow))

    assert (await standing(work, 3))["family_card"] is PaperStanding.MISSING
    assert {one.id: one.state for one in await work.all(StoredFile)} == {
        card: FileState.REMOVING,
        note: FileState.REMOVING,
    }
    assert [one.papers for one in await work.all(CasePapers)] == [(), ()]


async def refused_paper(work: Bench, kind: PaperKind, as_: Party) -> str:
    with pytest.raises(Refused) as refused:
        await bound(work, 1, kind, as_)
    return refused.value.reason


async def test_a_form_serves_one_request_and_a_paper_is_of_somebody_of_the_case() -> None:
    work = await twins()
    own = Party.APPLICANT
    assert await refused_paper(work, PaperKind.APPLICATION_FORM, own) == "not_for_visit"
    assert await refused_paper(work, PaperKind.FAMILY_CARD, Party.PROXY) == "party_missing"
    alone = bench()
    await record(alone, at_event(case_id="visit-1-case-1"))
    assert await refused_paper(alone, PaperKind.FAMILY_CARD, own) == "no_visit"


AGENT = NamedParty(Party.PROXY, Person("Wakil Contoh"), Basis.POWER_OF_ATTORNEY)


async def test_a_proxy_without_a_power_of_attorney_warns_until_one_is_bound() -> None:
    work = family()
    tono = Person("Tono Contoh", "3216991203850002")
    asked = visit(wants("KIA", SITI, AGENT), wants("KK", SITI, AGENT), wants("KK", tono, AGENT))
    answer = await come(work, asked)
    assert [one["warnings"] for one in answer["cases"]] == [["power_of_attorney_missing"]] * 3

    await bound(work, 1, PaperKind.POWER_OF_ATTORNEY, Party.APPLICANT)

    assert [(await case(work, number)).warnings for number in (1, 2, 3)] == [
        (),
        (),
        ("power_of_attorney_missing",),
    ]
    await bound(work, 3, PaperKind.POWER_OF_ATTORNEY)
    assert (await case(work, 3)).warnings == ()
    assert (await case(work, 1)).version == 2
    assert set(work.types) == {"request_received"}


async def test_a_power_of_attorney_may_come_before_its_proxy_is_named() -> None:
    work = family()
    await come(work, visit(wants("KIA", SITI)))
    await bound(work, 1, PaperKind.POWER_OF_ATTORNEY)
    how: dict[str, Any] = {"vault": VAULT, "lookups": LOOKUPS, "allow": everybody}
    named = await work.run(lambda uow: name_party("visit-1-case-1", AGENT, uow, **how))

    assert named["warnings"] == []


async def test_whom_the_catalogue_wants_named_warns_and_stops_no_step() -> None:
    needs = (Party.SUBJECT, Party.REPORTER)
    died = catalogue(
        entries=tuple(
            replace(one, needs=needs if one.code == "KK" else ()) for one in FAMILY.entries
        )
    )
    work = bench(WITH_CATALOGUE, died)
    who = NamedParty(Party.SUBJECT, Person("Almarhum Contoh"))
    answers = [
        await record(work, at_event(service="KK", case_id="case-1")),
        await record(work, at_event(service="KK", case_id="case-2", others=(who,))),
        await record(work, at_event(service="KIA", case_id="case-3")),
    ]

    assert [one["warnings"] for one in answers] == [
        ["subject_missing", "reporter_missing"],
        ["reporter_missing"],
        [],
    ]
    await work.run(lambda uow: take_step("case-1", Step.ISSUE, uow, allow=everybody))
    assert work.types[-1] == "document_issued"


async def test_the_target_group_stands_with_the_case_and_in_no_event() -> None:
    work = bench()
    await record(work, at_event(target_group=TargetGroup.ELDERLY))

    found = await work.get(Case, CASE)
    assert found is not None
    assert found.target_group is TargetGroup.ELDERLY
    assert all(b"elderly" not in message.body for message in work.messages)


async def test_nobody_of_a_visit_is_his_own_proxy_also_without_a_nik() -> None:
    own = NamedParty(Party.PROXY, BABY, Basis.POWER_OF_ATTORNEY)
    with pytest.raises(InVisit) as found:
        await come(bench(), visit(wants("KK", BABY, own)))
    assert isinstance(found.value.cause, Refused)
    assert found.value.cause.reason == "own_guardian"


async def test_a_single_request_reads_and_writes_nothing_of_visits() -> None:
    work = family()
    await record(work, at_event())
    assert work.memory.collections["visits"] == {}
    found = await work.get(Case, CASE)
    assert found is not None
    assert (found.visit_id, found.power_of_attorney, found.needs) == (None, False, ())


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"entries": ("KK", "PASSPORT")}, "entry_unknown"),
        ({"entries": ("IKD",)}, "service_not_offered"),
    ],
)
def test_a_life_event_opens_only_what_the_programme_offers(changed: Any, reason: str) -> None:
    said = replace(FAMILY, life_events=(replace(BORN, **changed),))
    FAMILY.require_fit(WITH_CATALOGUE)
    with pytest.raises(Refused) as refused:
        said.require_fit(WITH_CATALOGUE)
    assert refused.value.reason == reason
    assert refused.value.detail.startswith("life_events: birth:")


async def test_a_paper_for_the_visit_answers_what_another_case_was_returned_for() -> None:
    work = await twins()
    items = [ReturnedItem("family_card", Fault.UNREADABLE)]
    for number in (1, 2):
        case_id = f"visit-1-case-{number}"
        return_one = partial(return_case, case_id, items, allow=everybody)
        await work.run(return_one)
    assert (await case(work, 1)).returned is not None

    await bound(work, 3, PaperKind.FAMILY_CARD, Party.APPLICANT)

    assert [(await case(work, number)).returned for number in (1, 2, 3)] == [None] * 3
