"""The shipped catalogues are complete, and use the forms and promises that the rules state."""

from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from services.intake.app import TEXTS
from services.intake.cli import ProgrammeFile
from services.intake.cli.catalogues import shipped_catalogues
from services.intake.cli.programmes import SHIPPED
from services.intake.domain import Catalogue, Entry, Paper, PaperKind, Party, Programme, Promise
from services.intake.domain.visit import serves
from shared.web.texts import Texts
from tests.unit.intake.sample import SATURDAY, event_case

FORMS: Final = {
    "F-1.01", "F-1.02", "F-1.03", "F-1.04", "F-1.05", "F-1.06", "F-1.07",
    "F-2.01", "F-2.03", "F-2.04",
}  # fmt: skip
"""The forms of Permendagri 109/2019 that these services can need."""
OLD_FORMS: Final = ("F-1.15", "F-1.16", "F-1.21", "F-2.28", "F-2.29")
"""Of Permendagri 19/2010; replaced, though some offices still ask for them."""

FORMS_OF: Final = {
    "KK_CHANGE": {"F-1.02", "F-1.06", "F-1.07"},
    "KK_NEW": {"F-1.02", "F-1.05", "F-1.07"},
    "KK_LOST_DAMAGED": {"F-1.02", "F-1.07"},
    "KTP_EL_FIRST": {"F-1.02"},
    "KTP_EL_REPRINT": {"F-1.02", "F-1.07"},
    "KIA_5_TO_17": {"F-1.02", "F-1.07"},
    "KIA_UNDER_5": {"F-1.02", "F-1.07"},
    "BIRTH_CERT": {"F-2.01", "F-2.03", "F-2.04", "F-1.07"},
    "DEATH_CERT": {"F-2.01", "F-1.07"},
    "IKD": set(),
    "MOVE_OUT_LETTER": {"F-1.03", "F-1.07"},
}
WHOLE, PART, NONE = Promise.WHOLE, Promise.PART, Promise.NONE
PROMISES: Final = {
    "botram": {"KTP_EL_FIRST": PART, "IKD": WHOLE, "KIA_UNDER_5": WHOLE, "DEATH_CERT": WHOLE},
    "halo_pamor": {"KTP_EL_FIRST": PART, "IKD": NONE, "KIA_5_TO_17": WHOLE, "KK_NEW": WHOLE},
    "dik_jamila": {"KTP_EL_FIRST": NONE, "KTP_EL_REPRINT": NONE, "KIA_UNDER_5": NONE,
                   "KIA_5_TO_17": NONE, "IKD": NONE, "KK_NEW": WHOLE, "BIRTH_CERT": WHOLE},
}  # fmt: skip

CATALOGUES: Final = {one.programme_id: one for one in shipped_catalogues()}
ENTRIES: Final = [(one, entry) for one in CATALOGUES.values() for entry in one.entries]


def programme(programme_id: str) -> Programme:
    file = ProgrammeFile.model_validate_json((SHIPPED / f"{programme_id}.json").read_bytes())
    return file.programme(programme_id)


def named(value: object) -> str:
    return value.code if isinstance(value, Entry) else getattr(value, "programme_id", "")


def forms(entry: Entry) -> set[str]:
    return {a.form for one in entry.requirements for a in one.any_of if a.form is not None}


def test_every_shipped_programme_has_a_catalogue_that_fits_it() -> None:
    assert set(CATALOGUES) == {Path(file).stem for file in SHIPPED.glob("*.json")}
    for programme_id, said in CATALOGUES.items():
        said.require_fit(programme(programme_id))
        assert {one.channel for one in said.bringing} == set(programme(programme_id).channels)
        assert said.daily_caps == (), "no source states a cap, so nothing is counted"


@pytest.mark.parametrize(("said", "entry"), ENTRIES, ids=named)
def test_every_entry_has_each_text_and_its_source(said: Catalogue, entry: Entry) -> None:
    assert entry.sources
    assert entry.procedure
    assert said.cost.startswith("Gratis")
    assert "lapor.go.id" in said.complaints
    assert all(one.missing for one in entry.requirements)
    assert bool(entry.requirements) is (entry.code != "IKD")
    assert (entry.presence is not None) is (entry.code in {"KTP_EL_FIRST", "IKD"})


@pytest.mark.parametrize("entry", [entry for _, entry in ENTRIES], ids=named)
def test_the_forms_are_those_that_are_valid_now(entry: Entry) -> None:
    assert forms(entry) == FORMS_OF[entry.code]
    assert forms(entry) <= FORMS
    asked = str([(one.missing, one.any_of) for one in entry.requirements])
    assert not any(old in asked for old in OLD_FORMS)
    assert "pengantar" not in asked, "no letter of RT or RW is needed (Perpres 96/2018 article 4)"
    for one in entry.requirements:
        for form in (a.form for a in one.any_of if a.form):
            assert form in one.missing, "the resident is told the form's number"


@pytest.mark.parametrize("programme_id", PROMISES)
def test_each_channel_promises_what_it_can_do(programme_id: str) -> None:
    said = CATALOGUES[programme_id]
    for code, promise in PROMISES[programme_id].items():
        entry = said.entry(code)
        assert entry is not None
        assert {one.promise for one in entry.channels} == {promise}, code


def test_a_proof_that_is_lost_may_be_stated_in_its_place() -> None:
    birth = CATALOGUES["botram"].entry("BIRTH_CERT")
    assert birth is not None
    alternatives = {one.id: [a.form for a in one.any_of] for one in birth.requirements}
    assert alternatives["birth_note"] == [None, "F-2.03"]
    assert alternatives["marriage"] == [None, "F-2.04"]


def test_a_card_is_never_promised_by_whatsapp_and_a_photo_is_needed_from_five_on() -> None:
    dik_jamila = CATALOGUES["dik_jamila"]
    ends = {service.code: service.deliverable for service in programme("dik_jamila").services}
    assert {entry.service for entry in dik_jamila.entries if entry.offered} == set(ends)
    assert set(ends.values()) == {"pdf"}
    older, under = dik_jamila.entry("KIA_5_TO_17"), dik_jamila.entry("KIA_UNDER_5")
    assert older is not None
    assert under is not None
    assert older.requirement("photo") is not None
    assert under.requirement("photo") is None


def test_the_pages_have_words_for_every_channel_of_ours() -> None:
    texts = Texts.load(TEXTS)
    for programme_id in CATALOGUES:
        for channel in programme(programme_id).channels:
            assert texts(f"catalogue.channel.{channel}")


BORN: Final = ("BIRTH_CERT", "KK_CHANGE", "KIA_UNDER_5")
DIED: Final = ("DEATH_CERT", "KK_CHANGE")
EVENTS: Final = {
    "botram": {"birth": BORN, "death": DIED},
    "halo_pamor": {"birth": BORN, "death": DIED},
    "dik_jamila": {"birth": BORN[:2], "death": DIED},
}


@pytest.mark.parametrize("programme_id", EVENTS)
def test_a_birth_and_a_death_open_what_the_programme_has_and_tell_the_rest(
    programme_id: str,
) -> None:
    said = CATALOGUES[programme_id]
    assert {one.code: one.entries for one in said.life_events} == EVENTS[programme_id]
    birth, death = said.life_event("birth"), said.life_event("death")
    assert ("KIA" in " ".join(birth.referrals)) is (programme_id == "dik_jamila")
    for told in ("KTP-el suami atau istri", "BPJS Kesehatan", "JKM", "Pensiun"):
        assert told in " ".join(death.referrals)
    assert all(one.sources for one in said.life_events)


def of_visit(kind: PaperKind, resident_id: str) -> Paper:
    return Paper("file-1", kind, "image/png", 3, "0" * 64, SATURDAY, "agus", resident_id)


@pytest.mark.parametrize(
    ("code", "kind", "whose", "counts"),
    [
        ("DEATH_CERT", PaperKind.IDENTITY_CARD, "the-dead", True),
        ("DEATH_CERT", PaperKind.IDENTITY_CARD, "the-widow", False),
        ("DEATH_CERT", PaperKind.FAMILY_CARD, "the-widow", True),
        ("KK_CHANGE", PaperKind.DEATH_NOTE, "the-dead", True),
        ("KK_CHANGE", PaperKind.DEATH_NOTE, "the-widow", False),
        ("KK_CHANGE", PaperKind.POWER_OF_ATTORNEY, "the-widow", True),
        ("KK_CHANGE", PaperKind.POWER_OF_ATTORNEY, "the-dead", False),
        ("KK_CHANGE", PaperKind.APPLICATION_FORM, "the-widow", False),
        ("KK_LOST_DAMAGED", PaperKind.OLD_DOCUMENT, "the-widow", False),
        ("KK_CHANGE", PaperKind.FAMILY_CARD, "a-stranger", False),
        ("KK_CHANGE", PaperKind.PHOTO, "the-widow", False),
    ],
)
def test_a_paper_of_a_visit_counts_only_as_whose_it_is(
    code: str,
    kind: PaperKind,
    whose: str,
    counts: bool,  # noqa: FBT001
) -> None:
    people = {Party.APPLICANT: "the-widow", Party.SUBJECT: "the-dead"}
    case = replace(event_case(), parties=people)
    entry = CATALOGUES["botram"].entry(code)
    assert entry is not None
    assert serves(of_visit(kind, whose), entry, case) is counts


def test_the_death_certificate_wants_the_dead_and_a_reporter_named() -> None:
    wanting = {entry.code: entry.needs for entry in CATALOGUES["botram"].entries if entry.needs}
    assert wanting == {"DEATH_CERT": (Party.SUBJECT, Party.REPORTER)}
