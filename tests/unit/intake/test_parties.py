"""People of a case: a child's guardian with a basis, each sealed as a resident of his own."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from services.intake.domain import (
    Basis,
    Case,
    NamedParty,
    Party,
    Person,
    Refused,
    Resident,
    ResidentKey,
    Step,
    about_child,
    is_child,
    require_parties,
    require_party,
)
from services.intake.usecases import name_party, take_step, told_of
from shared.testing.bench import Bench
from tests.unit.intake.sample import (
    BOTRAM,
    CASE,
    LOOKUPS,
    NIK,
    VAULT,
    at_event,
    bench,
    everybody,
    reader,
    record,
)

ANI = Person("Ani Contoh", birth_date="2019-03-12")
MOTHER = NamedParty(Party.GUARDIAN, Person("Siti Contoh", NIK, "+628120000001"), Basis.PARENT)
CHILDREN = replace(
    BOTRAM,
    services=tuple(replace(one, child=one.code == "KIA") for one in BOTRAM.services),
    version=2,
)


async def case_of(work: Bench) -> Case:
    case = await work.get(Case, CASE)
    assert case is not None
    return case


async def name(work: Bench, named: NamedParty) -> Any:
    return await work.run(
        lambda uow: name_party(CASE, named, uow, vault=VAULT, lookups=LOOKUPS, allow=everybody)
    )


@pytest.mark.parametrize(
    ("born", "on", "child"),
    [
        (date(2005, 3, 12), date(2023, 3, 11), True),
        (date(2005, 3, 11), date(2023, 3, 11), False),
        (date(2004, 2, 29), date(2022, 2, 28), True),
        (date(2004, 2, 29), date(2022, 3, 1), False),
        (date(2023, 3, 11), date(2023, 3, 11), True),
    ],
)
def test_a_child_is_under_18_on_the_day(born: date, on: date, child: bool) -> None:  # noqa: FBT001
    assert is_child(born, on) is child


def test_the_birth_date_of_the_subject_decides_else_of_the_applicant_else_the_service() -> None:
    on, adult = date(2023, 3, 11), Person("Siti", birth_date="1985-03-12")
    subject = NamedParty(Party.SUBJECT, ANI)
    assert about_child(ANI, (), on, service=False)
    assert about_child(adult, (subject,), on, service=False)
    assert not about_child(adult, (MOTHER,), on, service=True)
    assert about_child(Person("Ani"), (), on, service=True)
    assert not about_child(Person("Ani"), (), on, service=False)


def refused(*others: NamedParty, applicant: Person = ANI) -> tuple[str, str]:
    with pytest.raises(Refused) as found:
        require_parties(applicant, others)
    return found.value.reason, found.value.detail.partition(":")[0]


def test_each_party_is_named_once_and_who_speaks_for_another_states_a_basis() -> None:
    reporter = NamedParty(Party.REPORTER, Person("Tono"))
    proxy = NamedParty(Party.PROXY, Person("Tono"), Basis.POWER_OF_ATTORNEY)
    require_parties(ANI, [MOTHER, reporter, proxy])
    assert refused(MOTHER, MOTHER) == ("party_named", "parties")
    applicant = NamedParty(Party.APPLICANT, Person("Tono"))
    assert refused(reporter, applicant) == ("party_named", "parties.1.party")
    assert refused(replace(MOTHER, basis=None)) == ("basis_needed", "parties.0.basis")
    assert refused(replace(reporter, basis=Basis.PARENT)) == ("basis_needed", "parties.0.basis")
    assert refused(MOTHER, applicant=MOTHER.person) == ("own_guardian", "parties.0.nik")
    own = NamedParty(Party.SUBJECT, MOTHER.person)
    assert refused(own, MOTHER) == ("own_guardian", "parties.1.nik")
    assert refused(replace(MOTHER, party=Party.PROXY), applicant=MOTHER.person)[0] == "own_guardian"


def test_who_asks_for_a_child_may_be_its_guardian() -> None:
    require_parties(MOTHER.person, [NamedParty(Party.SUBJECT, ANI), MOTHER])


@pytest.mark.parametrize(
    "named", [replace(MOTHER, basis=None), replace(MOTHER, party=Party.APPLICANT)]
)
def test_a_party_named_afterwards_is_held_alike(named: NamedParty) -> None:
    with pytest.raises(Refused):
        require_party(named)


async def test_a_guardian_is_a_party_sealed_with_a_key_of_his_own() -> None:
    work = bench(CHILDREN)

    answer = await record(work, at_event(person=ANI, others=(MOTHER,)))

    case = await case_of(work)
    assert answer["warnings"] == []
    assert set(case.parties) == {Party.APPLICANT, Party.GUARDIAN}
    assert len(set(case.parties.values())) == len(await work.all(ResidentKey)) == 2
    told = await told_of(case, Party.GUARDIAN, reader(work), VAULT)
    assert told is not None
    assert (told.person, told.basis, told.reason) == (MOTHER.person, Basis.PARENT, None)
    child = await told_of(case, Party.APPLICANT, reader(work), VAULT)
    assert child is not None
    assert (child.person, child.basis) == (ANI, None)
    stored = str(work.memory.collections)
    assert "Siti Contoh" not in stored
    assert "2019-03-12" not in stored


async def test_a_guardian_of_two_children_is_one_resident() -> None:
    work = bench(CHILDREN)
    await record(work, at_event(person=ANI, others=(MOTHER,)))
    other = replace(ANI, name="Budi Contoh")
    await record(work, at_event(person=other, others=(MOTHER,), case_id="case-2"))

    mothers = {case.parties[Party.GUARDIAN] for case in await work.all(Case)}
    assert len(mothers) == 1
    assert len(await work.all(Resident)) == 3


async def test_who_asks_for_himself_and_reports_is_one_resident() -> None:
    work = bench()
    siti = MOTHER.person
    await record(work, at_event(person=siti, others=(NamedParty(Party.REPORTER, siti),)))

    (resident,) = await work.all(Resident)
    assert resident.said == (f"{CASE}.applicant", f"{CASE}.reporter")
    assert set((await case_of(work)).parties.values()) == {resident.id}


async def test_a_missing_guardian_warns_and_stands_with_the_case_until_he_is_named() -> None:
    work = bench(CHILDREN)
    answer = await record(work, at_event(person=Person("Ani Contoh")))
    assert answer["warnings"] == ["guardian_missing"]
    assert (await case_of(work)).warnings == ("guardian_missing",)

    assert await name(work, MOTHER) == {"warnings": [], "backdated": False}

    assert (await case_of(work)).warnings == ()
    assert work.types == ["request_received"]


async def test_a_case_names_each_party_once_and_none_when_it_is_closed() -> None:
    work = bench(CHILDREN)
    await record(work, at_event(person=ANI, others=(MOTHER,)))
    with pytest.raises(Refused) as twice:
        await name(work, MOTHER)
    await work.run(lambda uow: take_step(CASE, Step.CANCEL, uow, allow=everybody))
    with pytest.raises(Refused) as closed:
        await name(work, NamedParty(Party.REPORTER, Person("Tono")))
    assert (twice.value.reason, closed.value.reason) == ("party_named", "closed")
