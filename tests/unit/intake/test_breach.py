"""Who read and who could have read what: grants over time, the log, the trail, the drafts."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from services.intake.api import RULES
from services.intake.app import TEXTS
from services.intake.cli.breach import _notices, _summary, _told
from services.intake.domain import (
    REACH,
    Affected,
    Case,
    CaseDocument,
    Check,
    Comparison,
    Deed,
    Document,
    Held,
    Party,
    Person,
    PersonRead,
    Programme,
    Reach,
    Resident,
    Signature,
    Step,
    held,
    unreadable,
)
from services.intake.domain.breach import NARROW
from services.intake.domain.survey import Survey, SurveyWay
from services.intake.usecases import (
    Breach,
    Question,
    erase_resident,
    investigate,
    note_person_read,
)
from shared.audit.trail import AuditEntry
from shared.testing.bench import Bench
from shared.web.texts import Texts
from tests.unit.intake.sample import (
    BOTRAM,
    CASE,
    HALO_PAMOR,
    NIK,
    SATURDAY,
    at_event,
    at_home,
    bench,
    later,
    reader,
    record,
)

OPERATOR = "operator:botram:32.16"
LOOK = "GET /api/requests/{case_id}"
SITI = Person("Siti Contoh", NIK, "+628120000001", "Gang Contoh 1")
BEGIN, END = later(-60), later(600)


def entry(deed: Deed, minutes: int, *said: str, about: str = "a-1") -> AuditEntry:
    return AuditEntry(f"e-{minutes:05}-{about}", later(minutes), deed, "a-root", about, said)


def spans(*entries: AuditEntry) -> list[tuple[str, int, int | None]]:
    """Grants with the minutes in which they held."""

    def minutes(one: Held) -> int | None:
        return None if one.until is None else (one.until - SATURDAY) // timedelta(minutes=1)

    return [
        (one.grant, (one.since - SATURDAY) // timedelta(minutes=1), minutes(one))
        for one in held(entries)
    ]


def test_a_grant_holds_from_the_invitation_until_it_is_changed_or_the_account_shut() -> None:
    assert spans(
        entry(Deed.INVITED, 0, OPERATOR),
        entry(Deed.GRANTED, 10, "head:botram:32.16", "operator:botram:32.16.18"),
        entry(Deed.DISABLED, 20),
    ) == [
        (OPERATOR, 0, 10),
        ("head:botram:32.16", 10, 20),
        ("operator:botram:32.16.18", 10, 20),
    ]


def test_it_holds_on_where_nothing_ended_it() -> None:
    assert spans(entry(Deed.INVITED, 0, OPERATOR)) == [(OPERATOR, 0, None)]


def test_a_disabled_account_that_is_handed_back_has_the_grants_it_was_given_last() -> None:
    assert spans(
        entry(Deed.INVITED, 0, OPERATOR),
        entry(Deed.DISABLED, 10),
        entry(Deed.GRANTED, 20, "operator:*:*"),
        entry(Deed.RECOVERED, 30),
    ) == [(OPERATOR, 0, 10), ("operator:*:*", 30, None)]


def test_accounts_are_told_apart() -> None:
    assert spans(
        entry(Deed.INVITED, 0, OPERATOR),
        entry(Deed.INVITED, 5, OPERATOR, about="a-2"),
        entry(Deed.DISABLED, 9),
    ) == [(OPERATOR, 0, 9), (OPERATOR, 5, None)]


def test_a_machines_token_holds_until_it_ends_beside_an_older_one() -> None:
    made = [
        entry(Deed.MACHINE_TOKEN, minutes, later(end).isoformat(), "Impor", OPERATOR, about="impor")
        for minutes, end in ((0, 30), (20, 60))
    ]
    assert spans(*made) == [(OPERATOR, 0, 30), (OPERATOR, 20, 60)]


@pytest.mark.parametrize(
    ("end", "found"),
    [
        (("t-1",), [(OPERATOR, 0, 25), (OPERATOR, 20, 60), (OPERATOR, 30, 60)]),
        (("*",), [(OPERATOR, 0, 25), (OPERATOR, 20, 25), (OPERATOR, 30, 60)]),
        (("t-9",), [(OPERATOR, 0, 60), (OPERATOR, 20, 60), (OPERATOR, 30, 60)]),
    ],
)
def test_a_machines_token_that_was_ended_holds_until_then(
    end: tuple[str], found: list[tuple[str, int, int]]
) -> None:
    until = later(60).isoformat()
    made = [
        entry(Deed.MACHINE_TOKEN, minutes, until, "Impor", *id_, OPERATOR, about="impor")
        for minutes, id_ in ((0, ("t-1",)), (20, ()), (30, ("t-3",)))
    ]
    ended = entry(Deed.MACHINE_ENDED, 25, *end, "Hilang", about="impor")
    stranger = entry(Deed.MACHINE_ENDED, 5, "*", "Hilang", about="lain")
    assert spans(*made, ended, stranger) == found


@pytest.mark.parametrize(
    ("since", "until", "overlaps"),
    [(0, 10, False), (0, 11, True), (20, 30, False), (19, 30, True), (12, 13, True)],
)
def test_a_span_counts_where_it_held_at_any_time(since: int, until: int, overlaps: bool) -> None:  # noqa: FBT001
    one = Held("a-1", OPERATOR, later(10), later(20))
    assert one.overlaps(later(since), later(until)) is overlaps


def test_the_roles_that_read_persons_are_those_of_the_routes_that_show_them() -> None:
    shown = {
        LOOK: Reach.PERSONS,
        "GET /api/requests/{case_id}/papers/{file_id}/content": Reach.PERSONS,
        **NARROW,
    }
    widest: dict[str, Reach] = {}
    for route, reach in sorted(shown.items(), key=lambda one: list(Reach).index(one[1])):
        for role in RULES[route].roles:
            widest.setdefault(role.value, reach)
    assert widest == REACH


def test_every_route_that_logs_a_look_is_weighed() -> None:
    """Who adds a route that shows people says how much it shows, or it counts as all."""
    told = {rule for rule in RULES if rule.endswith(("/address", "/document/content"))}
    assert told == set(NARROW)


def test_a_case_counts_once() -> None:
    one = Affected()
    for _ in range(2):
        one.add("case-1", ["r-1"], ["name", "nik"], child=True)
    one.add("case-2", ["r-1"], ["name"], child=False)
    assert one.counted() == {
        "cases": 2,
        "residents": 1,
        "specific_data": {"cases_about_children": 1, "residents": 1},
        "kinds": {"name": 2, "nik": 1},
    }


@pytest.fixture
async def work() -> Bench:
    """Two requests of Siti's in one office, one of them for a child; one in another programme."""
    kia, *others = BOTRAM.services
    at_work = bench(replace(BOTRAM, services=(replace(kia, child=True), *others)))
    await record(at_work, at_event(person=SITI))
    await record(at_work, at_event(person=SITI, service="KK", case_id="case-2", tracking="1" * 64))
    await record(at_work, at_home(case_id="case-3", tracking="2" * 64))
    at_work.clock.now = later(30)
    at_work.keep(entry(Deed.INVITED, -30, OPERATOR))
    return at_work


async def look(work: Bench, account: str, case_id: str, route: str = LOOK) -> None:
    await work.run(lambda uow: note_person_read(account, case_id, route, uow))


async def ask(work: Bench, **changed: object) -> Breach:
    question = Question(BEGIN, END, **changed)  # type: ignore[arg-type]
    return await investigate(question, reader(work))


async def test_what_was_read_is_counted_by_programme_and_kind(work: Bench) -> None:
    for _ in range(3):
        await look(work, "a-1", CASE)
    await look(work, "a-1", "case-3", "residents export")

    found = await ask(work)

    assert {id_: one.cases for id_, one in found.read.items()} == {
        "botram": {CASE},
        "halo_pamor": {"case-3"},
    }
    assert found.read["botram"].children_cases == {CASE}
    assert found.read["botram"].kinds == {"name": 1, "nik": 1, "phone": 1, "address": 1}
    assert found.looks == {("a-1", LOOK): 3, ("a-1", "residents export"): 1}
    assert not found.unlogged
    assert not found.unknown


async def test_an_issued_document_is_a_kind_of_data_once_one_is_bound(work: Bench) -> None:
    work.keep(bound(CASE), CaseDocument("case-3", 1))
    await look(work, "a-1", CASE)
    await look(work, "a-1", "case-3")

    found = await ask(work)

    assert found.read["botram"].kinds["document"] == 1
    assert "document" not in found.read["halo_pamor"].kinds


async def test_what_was_said_in_a_survey_is_a_kind_of_data_from_its_day_on(work: Bench) -> None:
    said = Survey(CASE, SATURDAY.date(), SurveyWay.PAGE, "resident", {"U1": 4}, {"comment": "s"})
    tomorrow = replace(said, id="case-2", answered_on=SATURDAY.date() + timedelta(days=1))
    work.keep(said, tomorrow, replace(said, id="case-3", comment={}))
    for case_id in (CASE, "case-2", "case-3"):
        await look(work, "a-1", case_id)

    found = await ask(work)

    assert {case for case, kinds in found.read["botram"].by_case.items() if "survey" in kinds} == {
        CASE
    }
    assert "survey" not in found.read["halo_pamor"].kinds


async def test_what_could_have_been_read_is_all_within_the_grants_of_that_time(
    work: Bench,
) -> None:
    found = await ask(work)

    assert found.read == {}
    assert {id_: one.cases for id_, one in found.could.items()} == {"botram": {CASE, "case-2"}}
    assert len(found.could["botram"].residents) == 1
    assert [one.account_id for one in found.held] == ["a-1"]


@pytest.mark.parametrize(
    ("grant", "within"),
    [
        ("operator:botram:32.16.18", {CASE, "case-2"}),
        ("operator:botram:32.16.06", set()),
        ("operator:*:*", {CASE, "case-2", "case-3"}),
        ("operator:halo_pamor:32.75", {"case-3"}),
        ("head:botram:32.16", set()),
    ],
)
async def test_a_grant_reaches_its_region_and_only_readers_count(
    work: Bench, grant: str, within: set[str]
) -> None:
    work.memory.collections["audit"].clear()

    found = await ask(work, grants=(grant,))

    assert {case for one in found.could.values() for case in one.cases} == within


async def test_a_right_that_ended_before_reaches_nothing(work: Bench) -> None:
    work.keep(entry(Deed.DISABLED, -61))
    work.keep(entry(Deed.INVITED, -90, OPERATOR))
    work.memory.collections["audit"].pop(entry(Deed.INVITED, -30, OPERATOR).id)

    assert (await ask(work)).could == {}


async def test_a_case_that_came_later_was_not_within_reach(work: Bench) -> None:
    question = Question(BEGIN, SATURDAY)
    assert (await investigate(question, reader(work))).could == {}


async def test_one_account_and_one_programme_can_be_asked_for(work: Bench) -> None:
    work.keep(entry(Deed.INVITED, -20, "operator:*:*", about="a-2"))
    await look(work, "a-1", CASE)
    await look(work, "a-2", "case-3")

    one = await ask(work, account="a-2")
    pamor = await ask(work, programme="halo_pamor")

    assert (set(one.read), set(one.could)) == ({"halo_pamor"}, {"botram", "halo_pamor"})
    assert {one.account_id for one in one.held} == {"a-2"}
    assert (set(pamor.read), set(pamor.could)) == ({"halo_pamor"}, {"halo_pamor"})


async def test_a_look_outside_the_time_does_not_count(work: Bench) -> None:
    await look(work, "a-1", CASE)
    for since, until in ((later(31), END), (BEGIN, later(30))):
        found = await investigate(Question(since, until), reader(work))
        assert (found.read, found.looks) == ({}, {})
    found = await investigate(Question(later(30), later(31)), reader(work))
    assert set(found.read) == {"botram"}


async def test_a_look_that_was_taken_out_of_the_log_is_found_in_the_trail(work: Bench) -> None:
    await look(work, "a-1", CASE)
    work.memory.collections["person_reads"].clear()
    assert await work.all(PersonRead) == []

    found = await ask(work)

    assert found.unlogged == {("a-1", CASE)}
    assert found.read["botram"].cases == {CASE}


async def test_an_account_that_the_trail_gave_no_right_is_named(work: Bench) -> None:
    await look(work, "token-1", CASE)
    assert (await ask(work)).unknown == {"token-1"}


async def test_who_was_erased_before_is_not_affected_and_who_was_since_is(work: Bench) -> None:
    residents = {one.programme_id: one.id for one in await work.all(Resident)}
    await look(work, "a-1", CASE)
    work.clock.now = later(40)
    await work.run(lambda uow: erase_resident(residents["botram"], uow))

    since = await ask(work)
    before = await investigate(Question(later(41), END), reader(work))

    assert since.read["botram"].kinds == {"erased_since": 1}
    assert before.could == {}


def bound(case_id: str, minutes: int = 1) -> CaseDocument:
    at = later(minutes)
    check = Check(Comparison.MATCH, (), (), Signature.UNSIGNED, Party.APPLICANT, 1, at, "a-2")
    return CaseDocument(case_id, 1, document=Document("file-1", 9, "0" * 64, at, "a-2", check))


SUPERVISOR, AGENT = "supervisor:botram:32.16", "agent:halo_pamor:32.75"


async def test_a_supervisor_reaches_documents_that_were_there_and_nothing_else(work: Bench) -> None:
    work.memory.collections["audit"].clear()
    work.keep(entry(Deed.INVITED, -30, SUPERVISOR, about="rina"), bound(CASE))
    work.keep(bound("case-2", 601))

    found = await ask(work)

    assert set(found.could) == {"botram"}
    assert found.could["botram"].by_case == {CASE: {"document"}}


async def test_an_operator_s_reach_is_not_made_less_by_a_supervisor_s(work: Bench) -> None:
    work.keep(entry(Deed.INVITED, -20, SUPERVISOR, about="rina"), bound(CASE))
    found = await ask(work)
    assert found.could["botram"].by_case[CASE] == {"name", "nik", "phone", "address", "document"}
    assert found.could["botram"].cases == {CASE, "case-2"}


async def carried(work: Bench, *agents: str) -> None:
    """Have case-3 given to these agents, one after the other."""
    for version, agent in enumerate(agents, 1):
        case = await work.get(Case, "case-3")
        assert case is not None
        work.keep(case.note_carrier(agent, version))


@pytest.mark.parametrize(
    ("account", "grant", "within"),
    [
        ("agent-1", AGENT, True),
        ("agent-2", AGENT, True),
        ("agent-3", AGENT, False),
        ("agent-2", "agent:halo_pamor:32.16", False),
        ("agent-2", "agent:botram:32.75", False),
        ("agent-2", "head:halo_pamor:32.75", False),
    ],
)
async def test_an_agent_reaches_whom_he_carried_for_by_his_right(
    work: Bench,
    account: str,
    grant: str,
    within: bool,  # noqa: FBT001
) -> None:
    await carried(work, "agent-1", "agent-2")
    work.memory.collections["audit"].clear()
    work.keep(entry(Deed.INVITED, -30, grant, about=account))

    found = await ask(work)

    kinds = {"case-3": {"name", "phone", "address"}} if within else {}
    assert {id_: one for all_ in found.could.values() for id_, one in all_.by_case.items()} == kinds
    assert (await ask(work, programme="botram")).could == {}


async def test_an_agent_s_reach_ends_with_his_case_and_with_his_right(work: Bench) -> None:
    await carried(work, "agent-1")
    work.keep(entry(Deed.INVITED, -30, AGENT, about="agent-1"))
    case = await work.get(Case, "case-3")
    assert case is not None
    work.keep(case.step(Step.CANCEL, later(50), "a-1"))

    assert set((await ask(work, account="agent-1")).could) == {"halo_pamor"}
    after = Question(later(51), END, account="agent-1")
    assert (await investigate(after, reader(work))).could == {}


async def test_a_look_counts_for_no_more_than_its_route_shows(work: Bench) -> None:
    work.keep(bound(CASE))
    await look(work, "rina", CASE, "GET /api/requests/{case_id}/document/content")
    await look(work, "agent-1", "case-3", "GET /api/requests/{case_id}/address")

    found = await ask(work)

    assert found.read["botram"].by_case == {CASE: {"document"}}
    assert found.read["halo_pamor"].by_case == {"case-3": {"name", "phone", "address"}}
    await look(work, "rina", CASE)
    assert "nik" in (await ask(work)).read["botram"].by_case[CASE]


DOCUMENT = "GET /api/requests/{case_id}/document/content"


async def test_a_look_at_a_document_counts_whatever_was_bound_since(work: Bench) -> None:
    await look(work, "rina", CASE, DOCUMENT)
    await look(work, "rina", "case-2", DOCUMENT)
    work.keep(bound(CASE, 601))

    found = await ask(work)

    assert found.read["botram"].by_case == {CASE: {"document"}, "case-2": {"document"}}
    assert len(found.read["botram"].residents) == 1


async def test_a_document_was_within_reach_since_its_first_was_bound(work: Bench) -> None:
    work.memory.collections["audit"].clear()
    work.keep(entry(Deed.INVITED, -30, SUPERVISOR, about="rina"))
    kept = bound(CASE)
    assert kept.document is not None
    check = kept.document.check
    for number, minutes in enumerate((601, 700), 2):
        file_id = f"file-{number}"
        kept = kept.checked(file_id, check)
        kept = kept.bound(file_id, 9, "1" * 64, later(minutes), "a-2")
    work.keep(kept)
    assert (await ask(work)).could["botram"].by_case == {CASE: {"document"}}


@pytest.mark.parametrize(
    "harm",
    [
        entry(Deed.MACHINE_TOKEN, -20, about="impor"),
        entry(Deed.MACHINE_TOKEN, -20, "2023-04-01T00:00:00+00:00", "Impor", about="impor"),
        entry(Deed.MACHINE_TOKEN, -20, "2023-04-01T00:00:00", "Impor", OPERATOR, about="impor"),
        entry(Deed.MACHINE_ENDED, -20, "*", about="impor"),
        replace(entry(Deed.MACHINE_TOKEN, -20, about="impor"), deed="spoilt"),
    ],
)
def test_an_entry_about_a_machine_that_cannot_be_read_is_told_and_holds_nothing_up(
    harm: AuditEntry,
) -> None:
    made = entry(Deed.INVITED, 0, OPERATOR)
    assert unreadable([harm, made]) == (harm.id,)
    assert spans(harm, made) == [(OPERATOR, 0, None)]


async def test_a_breach_goes_on_over_rights_that_cannot_be_read_and_tells_of_them(
    work: Bench,
) -> None:
    harm = entry(Deed.MACHINE_TOKEN, -20, "never", "Impor", OPERATOR, about="impor")
    work.keep(harm, entry(Deed.GRANTED, -10, "operator", about="a-1"))
    work.keep(entry(Deed.INVITED, -5, OPERATOR, about="a-2"))

    found = await ask(work)

    assert found.unread == {harm.id, "a-1"}
    assert {one.account_id for one in found.held} == {"a-1", "a-2"}
    assert found.could["botram"].cases == {CASE, "case-2"}
    (line,) = [one for one in _told(found) if "cannot be read" in one]
    assert line.endswith(f"a-1, {harm.id}")


async def test_a_document_whose_resident_was_erased_since_counts_as_erased(work: Bench) -> None:
    work.memory.collections["audit"].clear()
    work.keep(entry(Deed.INVITED, -30, SUPERVISOR, about="rina"))
    work.keep(replace(bound(CASE), document=None, erased=True))
    assert (await ask(work)).could["botram"].by_case == {CASE: {"erased_since"}}


def drafts(found: Breach) -> dict[str, str]:
    programmes: dict[str, Programme] = {one.id: one for one in (BOTRAM, HALO_PAMOR)}
    return dict(_notices(Question(BEGIN, END), found, programmes))


async def test_the_drafts_say_what_when_how_many_and_leave_blanks_for_people(work: Bench) -> None:
    await look(work, "a-1", CASE)

    found = await ask(work)
    letters = drafts(found)

    assert set(letters) == {"pemberitahuan-warga-botram.txt", "pemberitahuan-komdigi.txt"}
    subject, agency = (letters[name] for name in sorted(letters, reverse=True))
    for text in (subject, agency):
        assert "Pasal 46" in text
        assert "Sabtu, 11 Maret 2023 pukul 08.15 WIB" in text
        assert "NIK" in text
        assert text.count("[ISI: ") >= 7
        assert "{" not in text
    assert BOTRAM.owner in subject
    assert "BOTRAM: 1 warga dalam 2 permohonan, 1 warga" in agency
    assert "1 kali oleh 1 akun" in agency
    for text in [*letters.values(), json.dumps(_summary(Question(BEGIN, END), found))]:
        assert "Siti" not in text
        assert NIK not in text


def test_every_field_that_is_sealed_has_a_word() -> None:
    words = Texts.load(Path(TEXTS))
    for kind in (*replace(SITI, birth_date="1985-03-12").said, "basis", "reason"):
        assert f"breach.kind.{kind}" in words
    for kind in ("papers", "document", "erased_since"):
        assert f"breach.kind.{kind}" in words
