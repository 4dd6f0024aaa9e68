"""A school's roster: a class's pupils as its school lists them, each wrong cell named.

What is wrong is named by row, column and reason; what stood there is repeated nowhere.
"""

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from services.intake.domain.parties import Basis, NamedParty, age
from services.intake.domain.person import Person, checked_name, checked_nik
from services.intake.domain.refusal import Refused
from services.intake.domain.resident import Party

ROSTER_PUPILS: Final = 40
"""Rows of one roster: a class. They are recorded in one transaction."""
ROSTER_LARGEST: Final = 64 * 1024
"""Bytes of a roster's file."""
KIA_UNTIL: Final = 17
"""Years; the card ends the day before (Permendagri 2/2016)."""
PHOTO_FROM: Final = 5
NAME: Final = "nama"
BORN: Final = "tanggal_lahir"
NIK: Final = "nik"
GUARDIAN: Final = "nama_wali"
CONSENT: Final = "persetujuan"
COLUMNS: Final = (NAME, BORN, NIK, GUARDIAN, CONSENT)
_NEEDED: Final = (NAME, BORN, CONSENT)
_ANSWERS: Final = {"ya": True, "tidak": False}
_MONTHS: Final = (
    *("januari", "februari", "maret", "april", "mei", "juni", "juli", "agustus"),
    *("september", "oktober", "november", "desember"),
)
_NUMBERS: Final = re.compile(r"([0-9]{1,2})[-/.]([0-9]{1,2})[-/.]([0-9]{4})")
_WORDS: Final = re.compile(r"([0-9]{1,2}) +([a-z]+) +([0-9]{4})")


@dataclass(frozen=True, slots=True)
class Fault:
    """A wrong cell. `row`: as a spreadsheet counts, the header is 1; `column`: "" is all of it."""

    row: int
    column: str
    reason: str


@dataclass(frozen=True, slots=True)
class Pupil:
    """One good row."""

    row: int
    person: Person
    consented: bool
    guardian: str | None = None

    @property
    def guardians(self) -> tuple[NamedParty, ...]:
        """Return who consented for him, where the school names him."""
        if self.guardian is None:
            return ()
        return (NamedParty(Party.GUARDIAN, Person(self.guardian), Basis.PARENT),)

    def under_five(self, on: date) -> bool:
        """Return whether the card is one without a photo."""
        return age(date.fromisoformat(self.person.birth_date or ""), on) < PHOTO_FROM


@dataclass(frozen=True, slots=True)
class Roster:
    """A roster as it was read."""

    pupils: tuple[Pupil, ...]
    faults: tuple[Fault, ...]

    @property
    def consented(self) -> tuple[Pupil, ...]:
        """Return those for whom a guardian has consented: nobody else is recorded."""
        return tuple(pupil for pupil in self.pupils if pupil.consented)

    @property
    def ready(self) -> bool:
        """Return whether it can be recorded: no wrong cell, and somebody to record."""
        return not self.faults and bool(self.consented)

    @property
    def without_consent(self) -> tuple[int, ...]:
        """Return the rows of those for whom nobody has consented yet."""
        return tuple(pupil.row for pupil in self.pupils if not pupil.consented)


def list_text(raw: bytes) -> str:
    """Return the text of a roster's file. Raises Refused: too_large, no_utf8."""
    if len(raw) > ROSTER_LARGEST:
        raise Refused("too_large", f"more than {ROSTER_LARGEST // 1024} KiB")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Refused("no_utf8", "UTF-8 is needed") from None


def read_roster(text: str, today: date) -> Roster:
    """Read a roster: a header and a row for each pupil, separated by comma, semicolon or tab."""
    lines = text.removeprefix("\ufeff").splitlines()
    header = lines[0] if lines else ""
    separator = max(",;\t", key=header.count)
    try:
        rows = list(csv.reader(lines, delimiter=separator, strict=True))
    except csv.Error:
        return Roster((), (Fault(1, "", "no_table"),))
    columns = [cell.strip().casefold().replace(" ", "_") for cell in rows[0]] if rows else []
    wrong = list(_wrong_header(columns))
    if wrong:
        return Roster((), tuple(wrong))
    if len(rows) - 1 > ROSTER_PUPILS:
        return Roster((), (Fault(ROSTER_PUPILS + 2, "", "too_many_rows"),))
    pupils, faults = list[Pupil](), list[Fault]()
    for number, cells in enumerate(rows[1:], start=2):
        if any(cell.strip() for cell in cells):
            pupil, wrong = _row(number, columns, cells, today)
            pupils += [pupil] if pupil else []
            faults += wrong
    return Roster(tuple(pupils), (*faults, *_twice(pupils)))


def _wrong_header(columns: Sequence[str]) -> Iterator[Fault]:
    for column in _NEEDED:
        if column not in columns:
            yield Fault(1, column, "column_missing")
    for column in COLUMNS:
        if columns.count(column) > 1:
            yield Fault(1, column, "column_twice")


def _row(
    number: int, columns: Sequence[str], cells: Sequence[str], today: date
) -> tuple[Pupil | None, list[Fault]]:
    if len(cells) > len(columns):
        return None, [Fault(number, "", "too_many_cells")]
    said = {name: cell.strip() for name, cell in zip(columns, cells, strict=False)}
    born = _day(said.get(BORN, ""))
    consent = _ANSWERS.get(said.get(CONSENT, "").casefold())
    good = (
        (NAME, "name_malformed", _good(checked_name, said.get(NAME, ""))),
        (BORN, "date_malformed", born is not None),
        (BORN, "no_child", born is None or 0 <= age(born, today) < KIA_UNTIL),
        (NIK, "nik_malformed", not said.get(NIK) or _good(checked_nik, said[NIK])),
        (GUARDIAN, "name_malformed", _good(checked_name, said.get(GUARDIAN) or "-")),
        (CONSENT, "answer_malformed", consent is not None),
    )
    faults = [Fault(number, column, reason) for column, reason, fits in good if not fits]
    if faults or born is None or consent is None:
        return None, faults
    return _pupil(number, said, born, consented=consent), []


def _pupil(number: int, said: Mapping[str, str], born: date, *, consented: bool) -> Pupil:
    nik = checked_nik(said[NIK]) if said.get(NIK) else None
    person = Person(checked_name(said[NAME]), nik, birth_date=born.isoformat())
    guardian = checked_name(said[GUARDIAN]) if said.get(GUARDIAN) else None
    return Pupil(number, person, consented, guardian)


def _twice(pupils: Sequence[Pupil]) -> Iterator[Fault]:
    """Name rows that say a pupil of a row above once more: by NIK, else by name and date."""
    seen = set[tuple[str, ...]]()
    for pupil in pupils:
        one = pupil.person
        keys = {(one.name.casefold(), one.birth_date or ""), *([(one.nik,)] if one.nik else [])}
        if keys & seen:
            yield Fault(pupil.row, "", "twice")
        seen |= keys


def _good(check: Callable[[str], str], text: str) -> bool:
    try:
        check(text)
    except Refused:
        return False
    return True


def _day(text: str) -> date | None:
    """Return a day: 2015-03-11, 11-03-2015, 11/03/2015 or 11 Maret 2015. The day comes first."""
    try:
        if (found := _NUMBERS.fullmatch(text)) is not None:
            return date(int(found[3]), int(found[2]), int(found[1]))
        if (found := _WORDS.fullmatch(text.casefold())) is not None:
            return date(int(found[3]), _MONTHS.index(found[2]) + 1, int(found[1]))
        return date.fromisoformat(text) if len(text) == len("2015-03-11") else None
    except ValueError:
        return None
