"""The rules of a catalogue, of a checklist and of a day's cap."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake.domain import (
    Alternative,
    CalendarExceptions,
    Catalogue,
    ChannelCannot,
    ChannelPromise,
    Checklist,
    DailyCap,
    LifeEvent,
    PaperKind,
    PaperStanding,
    Promise,
    Refused,
    Requirement,
    Waiver,
    is_working_day,
)
from services.intake.domain.daily_cap import DayShare, days_from, share_order, shares_of
from tests.size import examples
from tests.unit.intake.catalogue_sample import INSTEAD, catalogue
from tests.unit.intake.sample import BOTRAM, SATURDAY, Closed

KIA = catalogue().entries[0]
NO_EXCEPTIONS = CalendarExceptions()


def changed_entry(**changed: object) -> Catalogue:
    first, *others = catalogue().entries
    return catalogue(entries=(replace(first, **changed), *others))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (lambda: catalogue(entries=catalogue().entries[:2]), "service_without_entry"),
        (lambda: catalogue(daily_caps=(DailyCap("PASSPORT", 3),)), "service_not_offered"),
        (lambda: changed_entry(service="PASSPORT"), "service_not_offered"),
        (lambda: changed_entry(channels=()), "channel_without_promise"),
        (
            lambda: changed_entry(channels=(ChannelPromise("event", Promise.PART),)),
            "promise_without_text",
        ),
        (
            lambda: changed_entry(
                requirements=(
                    *KIA.requirements,
                    Requirement("once_more", "KK.", (Alternative(PaperKind.FAMILY_CARD, "KK"),)),
                )
            ),
            "kind_twice",
        ),
        (lambda: catalogue(waiver_reasons=()), "waiver_reason_unknown"),
    ],
)
def test_what_leaves_a_resident_without_an_answer_is_refused(
    wrong: Callable[[], Catalogue], reason: str
) -> None:
    catalogue().require_fit(BOTRAM)

    with pytest.raises(Refused) as refused:
        wrong().require_fit(BOTRAM)

    assert refused.value.reason == reason


def test_an_entry_for_a_service_that_is_not_offered_may_only_say_what_to_do_instead() -> None:
    fewer = replace(BOTRAM, services=BOTRAM.services[:2])

    catalogue().require_fit(fewer)

    with pytest.raises(ChannelCannot) as refused:
        catalogue().entries[-1].require_channel("event")
    assert refused.value.instead == INSTEAD


def test_the_variant_decides_and_without_one_the_first_entry_of_the_service() -> None:
    said = catalogue()

    assert said.entry_for("KIA", "KIA_UNDER_5") == said.entries[1]
    assert said.entry_for("KIA", None) == said.entries[0]
    assert said.entry_for("PASSPORT", None) is None
    for service, variant in (("KIA", "KK"), ("KK", "KIA_UNDER_5"), ("KIA", "UNHEARD_OF")):
        with pytest.raises(Refused) as refused:
            said.entry_for(service, variant)
        assert refused.value.reason == "variant_unknown"


def test_any_alternative_meets_a_requirement_and_a_condition_makes_it_no_gap() -> None:
    lines = Checklist("case").lines(KIA, {PaperKind.BIRTH_STATEMENT})

    found = {line.requirement.id: line.standing for line in lines}
    assert found == {
        "family_card": PaperStanding.MISSING,
        "birth_note": PaperStanding.PRESENT,
        "photo": PaperStanding.MISSING,
        "power_of_attorney": PaperStanding.IF_APPLIES,
    }


def test_a_channel_takes_what_it_promises_anything_of() -> None:
    def kia(*promises: ChannelPromise) -> Catalogue:
        return changed_entry(channels=(ChannelPromise("agent", Promise.WHOLE), *promises))

    def taken(said: Catalogue) -> bool:
        return said.entries[0].taken_in("event")

    assert taken(kia(ChannelPromise("event", Promise.WHOLE)))
    assert taken(kia(ChannelPromise("event", Promise.PART, "Kartu diantar.")))
    assert not taken(kia(ChannelPromise("event", Promise.NONE, INSTEAD)))


def test_a_life_event_is_a_channels_where_it_takes_everything_of_it() -> None:
    kia, kk = catalogue().entry_for("KIA", None), catalogue().entry_for("KK", None)
    assert kia is not None
    assert kk is not None
    born = LifeEvent("birth", "Kelahiran", (kia.code, kk.code), ("Daftarkan BPJS.",), ("Usulan",))
    said = catalogue(life_events=(born,))
    assert said.together_in("event", {"KIA", "KK"}) == [(born, (kia, kk))]
    assert said.together_in("event", {"KIA"}) == []


def waiver(requirement: str, reason: str = "seen_in_siak", by: str = "agus") -> Waiver:
    return Waiver(requirement, reason, by, SATURDAY)


def test_a_waiver_holds_who_and_why_and_the_first_one_stands() -> None:
    waived = Checklist("case").waived(KIA, waiver("family_card"))

    assert waived.waived(KIA, waiver("family_card", by="budi")) is waived
    line = waived.lines(KIA, ())[0]
    assert line.standing is PaperStanding.WAIVED
    assert line.waiver is not None
    assert (line.waiver.by, line.waiver.reason) == ("agus", "seen_in_siak")
    assert waived.lines(KIA, {PaperKind.FAMILY_CARD})[0].standing is PaperStanding.PRESENT


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        (waiver("birth_note"), "not_waivable"),
        (waiver("family_card", "because"), "not_waivable"),
        (waiver("unheard_of"), "requirement_unknown"),
    ],
)
def test_what_nobody_may_waive_is_refused(wanted: Waiver, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        Checklist("case").waived(KIA, wanted)
    assert refused.value.reason == reason


@given(st.frozensets(st.sampled_from(PaperKind)), st.sampled_from(PaperKind))
def test_a_further_paper_never_makes_more_missing(
    kinds: frozenset[PaperKind], further: PaperKind
) -> None:
    def missing(there: frozenset[PaperKind]) -> set[str]:
        lines = Checklist("case").lines(KIA, there)
        return {one.requirement.id for one in lines if one.standing is PaperStanding.MISSING}

    assert missing(kinds | {further}) <= missing(kinds)


@given(st.integers(1, 5000))
def test_the_shares_are_the_cap_and_differ_by_one_at_most(cap: int) -> None:
    shares = shares_of(cap)

    assert sum(shares) == cap
    assert min(shares) >= 1
    assert max(shares) - min(shares) <= 1


@given(st.text(min_size=1, max_size=40), st.integers(1, 4))
def test_every_share_is_looked_at_once(case_id: str, many: int) -> None:
    assert sorted(share_order(case_id, many)) == list(range(many))


def test_cases_begin_at_different_shares() -> None:
    assert {share_order(f"case-{number}", 4)[0] for number in range(64)} == {0, 1, 2, 3}


@settings(max_examples=examples(40))
@given(st.dates(date(2023, 1, 1), date(2026, 12, 31)))
def test_only_the_first_day_may_be_one_on_which_the_office_is_closed(first: date) -> None:
    days = list(days_from(first, Closed(), NO_EXCEPTIONS))

    assert (days[0], len(days), days) == (first, 60, sorted(set(days)))
    assert all(is_working_day(day, Closed(), NO_EXCEPTIONS) for day in days[1:])


def test_a_share_forgets_days_that_have_passed() -> None:
    friday, saturday = date(2023, 3, 10), date(2023, 3, 11)
    share = DayShare("share").with_one(friday, friday).with_one(saturday, saturday)

    assert (dict(share.taken), share.version) == ({saturday: 1}, 2)
    assert (share.has_room(saturday, 2), share.has_room(saturday, 1)) == (True, False)
