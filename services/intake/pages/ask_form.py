"""What a resident types when he asks by page, one thing a page, and what is wrong with it.

All of it travels with the form, from page to page, and nothing is kept before it is sent.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from services.intake.domain import (
    ONLINE,
    Basis,
    Entry,
    NamedParty,
    NewRequest,
    Party,
    Person,
    Programme,
    Refused,
    checked_name,
    checked_nik,
)
from services.intake.domain.person import born_by
from services.intake.usecases import Regions, checked_phone

STEPS: Final = ("layanan", "untuk", "orang", "wali", "tempat", "hp", "periksa")
"""The pages in order; each is named by its first field, but for the last."""
CHECK: Final = "periksa"
FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "layanan": ("layanan",),
    "untuk": ("untuk",),
    "orang": ("nama", "nik", "lahir"),
    "wali": ("nama_wali", "nik_wali", "dasar"),
    "tempat": ("kecamatan",),
    "hp": ("hp",),
    CHECK: (),
}
"""What is asked on each page; the rest is hidden there."""
MYSELF: Final = "saya"
CHILD: Final = "anak"
OTHER: Final = "orang_lain"
FOR_WHOM: Final = (MYSELF, CHILD, OTHER)
BASES: Final = (Basis.PARENT, Basis.COURT_DECISION, Basis.INSTITUTION)
"""On what somebody speaks for a child."""
Text = Annotated[str, Field(max_length=300)]
Wrong = tuple[str, str]
"""A field's name, and the key of what is wrong with it, below `ask.wrong`."""


class AskForm(BaseModel):
    """The form as it is sent: every field, those of other pages hidden."""

    model_config = ConfigDict(frozen=True)

    langkah: Text = ""
    """The page that it was sent from."""
    aksi: Text = ""
    """`kembali`, `kirim`, or a page to go back to; else the next one."""
    kunci: Text = ""
    sudah: Text = ""
    """The answers were seen once, together: what is changed leads back there."""
    layanan: Text = ""
    untuk: Text = ""
    nama: Text = ""
    nik: Text = ""
    lahir: Text = ""
    nama_wali: Text = ""
    nik_wali: Text = ""
    dasar: Text = ""
    kecamatan: Text = ""
    hp: Text = ""

    @property
    def steps(self) -> tuple[str, ...]:
        """Return the pages that this request has."""
        return tuple(one for one in STEPS if one != "wali" or self.untuk in (CHILD, OTHER))

    @property
    def born(self) -> date | None:
        """Return the birth date that was typed, so that it is shown in words; None where none."""
        return typed_day(self.lahir)

    @property
    def kept(self) -> dict[str, str]:
        """Return what goes on to the next page."""
        return self.model_dump(exclude={"langkah", "aksi"})


@dataclass(frozen=True, slots=True)
class Asked:
    """One entry of a programme that residents may ask for by page."""

    programme: Programme
    entry: Entry

    @property
    def id(self) -> str:
        """Return how the form names it."""
        return f"{self.programme.id}/{self.entry.code}"

    @property
    def note(self) -> str:
        """Return what this channel leaves to the resident; nothing where it does all."""
        promised = self.entry.promised(ONLINE)
        return promised.text or "" if promised else ""


@dataclass(frozen=True, slots=True)
class Checks:
    """What a form is held against."""

    offers: Sequence[Asked]
    regions: Regions
    today: date

    def chosen(self, form: AskForm) -> Asked | None:
        """Return what the form asks for."""
        return next((one for one in self.offers if one.id == form.layanan), None)

    def subdistricts(self, form: AskForm) -> Sequence[tuple[str, str]]:
        """Return where the applicant may live, as (code, name)."""
        chosen = self.chosen(form)
        codes = self.regions.subdistricts(chosen.programme.region_code) if chosen else ()
        return [(code, self.regions.name(code) or code) for code in codes]

    def wrong(self, step: str, form: AskForm) -> list[Wrong]:
        """Return what is wrong on one page."""
        checks: Mapping[str, Callable[[AskForm], list[Wrong]]] = {
            "layanan": lambda one: _unless(self.chosen(one), "layanan"),
            "untuk": lambda one: _unless(one.untuk in FOR_WHOM, "untuk"),
            "orang": self._person,
            "wali": self._speaker,
            "tempat": self._place,
            "hp": lambda one: _field("hp", one.hp, checked_phone),
        }
        return checks[step](form) if step in checks else []

    def first_wrong(self, form: AskForm) -> str:
        """Return the first page on which something is wrong, else the last of all."""
        return next((step for step in form.steps if self.wrong(step, form)), CHECK)

    def _person(self, form: AskForm) -> list[Wrong]:
        found = [*_name("nama", form.nama), *self._nik("nik", form.nik)]
        if not form.lahir.strip():
            # Whether somebody is a child, and needs a guardian, is told by this alone.
            return [*found, ("lahir", "lahir_empty")] if form.untuk == CHILD else found
        born = form.born
        fits = born is not None and born_by(born, self.today)
        return found if fits else [*found, ("lahir", "lahir")]

    def _place(self, form: AskForm) -> list[Wrong]:
        known = {code for code, _ in self.subdistricts(form)}
        return _unless(form.kecamatan in known, "kecamatan")

    def _speaker(self, form: AskForm) -> list[Wrong]:
        found = [*_name("nama_wali", form.nama_wali), *self._nik("nik_wali", form.nik_wali)]
        same = _clean(form.nik_wali) and _clean(form.nik_wali) == _clean(form.nik)
        if same and not any(name == "nik_wali" for name, _ in found):
            found.append(("nik_wali", "nik_same"))
        if form.untuk == CHILD and form.dasar not in {one.value for one in BASES}:
            found.append(("dasar", "dasar"))
        return found

    def _nik(self, field: str, typed: str) -> list[Wrong]:
        found = [(name, "nik") for name, _ in _field(field, typed, checked_nik)]
        if found or not typed.strip():
            return found
        return [] if self.regions.known(checked_nik(typed)[:2]) else [(field, "nik")]


def new_request(form: AskForm, asked: Asked, case_id: str, tracking: str) -> NewRequest:
    """Return the request that a form without faults describes."""
    phone = checked_phone(form.hp) if form.hp.strip() else None
    born = form.born
    mine = form.untuk == MYSELF
    applicant = Person(
        checked_name(form.nama),
        checked_nik(form.nik) if form.nik.strip() else None,
        phone if mine else None,
        birth_date=born.isoformat() if born else None,
    )
    return NewRequest(
        case_id=case_id,
        tracking=tracking,
        programme_id=asked.programme.id,
        service=asked.entry.service,
        channel=ONLINE,
        person=applicant,
        region_code=form.kecamatan,
        others=() if mine else (_speaker(form, phone),),
        variant=asked.entry.code,
    )


def _speaker(form: AskForm, phone: str | None) -> NamedParty:
    nik = checked_nik(form.nik_wali) if form.nik_wali.strip() else None
    person = Person(checked_name(form.nama_wali), nik, phone)
    if form.untuk == CHILD:
        return NamedParty(Party.GUARDIAN, person, Basis(form.dasar))
    return NamedParty(Party.PROXY, person, Basis.POWER_OF_ATTORNEY)


def _unless(right: object, field: str) -> list[Wrong]:
    return [] if right else [(field, field)]


def _name(field: str, typed: str) -> list[Wrong]:
    if not typed.strip():
        return [(field, "nama_empty")]
    return [(name, "nama") for name, _ in _field(field, typed, checked_name)]


def _field(field: str, typed: str, check: Callable[[str], str]) -> list[Wrong]:
    """Return whether an optional field is wrong."""
    try:
        if typed.strip():
            check(typed)
    except Refused:
        return [(field, field)]
    return []


def typed_day(typed: str) -> date | None:
    """Return a day as a browser sends it, or as people write it: 31-12-2020."""
    parts = typed.strip().replace("/", "-").replace(".", "-").split("-")
    if len(parts) == 3 and len(parts[2]) == 4:  # noqa: PLR2004 - day, month, a year of four digits
        parts.reverse()
    try:
        year, month, day = (int(part) for part in parts)
        return date(year, month, day)
    except ValueError:
        return None


def _clean(nik: str) -> str:
    return nik.replace(" ", "").replace(".", "")
