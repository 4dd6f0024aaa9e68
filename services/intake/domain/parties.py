"""Who else is in a case beside its applicant, and on which basis somebody speaks for another.

UU 27/2022 article 25: a child's data are processed with the consent of parent or guardian. The law
does not turn a child away who comes without: a guardian who is missing is told and noted, and the
request is taken.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final

from services.intake.domain.person import Person
from services.intake.domain.refusal import Refused
from services.intake.domain.resident import Party

ADULT_AT: Final = 18
"""Years (UU 35/2014 article 1(1))."""
PARTIES_LIMIT: Final = 5
"""Other people of a request: each party but the applicant, once."""
GUARDIAN_MISSING: Final = "guardian_missing"
"""A warning: the request is a child's, and nobody is named who consents."""
POWER_MISSING: Final = "power_of_attorney_missing"
"""A warning: a proxy is named, and no paper says that he may (F-1.07, Permendagri 109/2019)."""
_SPEAKING: Final = frozenset({Party.GUARDIAN, Party.PROXY})
"""Parties who act for somebody else, and say on which basis."""
_BASIS: Final = "who speaks for another states a basis, nobody else does"


class TargetGroup(StrEnum):
    """For whom a programme comes to the door (JIPPNAS record of HALO PAMOR).

    Three coarse words: that somebody is disabled, or in which way, is not asked and not kept.
    """

    ELDERLY = "elderly"
    """Lanjut usia."""
    NEEDS_HELP = "needs_help"
    """Has difficulty with applications and counters, for whatever reason."""
    NO_TIME = "no_time"
    """Has no time to come."""


class Basis(StrEnum):
    """By what somebody speaks for another."""

    PARENT = "parent"
    COURT_DECISION = "court_decision"
    """Penetapan perwalian."""
    INSTITUTION = "institution"
    """An orphanage or another body that a child is entrusted to."""
    POWER_OF_ATTORNEY = "power_of_attorney"
    """Surat kuasa."""


@dataclass(frozen=True, slots=True)
class NamedParty:
    """Somebody else of a case, in his own words."""

    party: Party
    person: Person
    basis: Basis | None = field(default=None)


def require_parties(applicant: Person, others: Sequence[NamedParty]) -> None:
    """Refuse a party who is named twice, is the applicant, or lacks what his part needs."""
    if len({one.party for one in others}) < len(others):
        raise Refused("party_named", "parties: each party is named once")
    subject = next((one.person for one in others if one.party is Party.SUBJECT), applicant)
    for number, one in enumerate(others):
        # A mother who asks for her child is its guardian; a proxy stands in for who asks.
        spoken_for = subject if one.party is Party.GUARDIAN else applicant
        _require(one, spoken_for, f"parties.{number}")


def _require(one: NamedParty, spoken_for: Person, field_: str) -> None:
    if one.party is Party.APPLICANT:
        raise Refused("party_named", f"{field_}.party: the applicant is named as such")
    if (one.basis is not None) != (one.party in _SPEAKING):
        raise Refused("basis_needed", f"{field_}.basis: {_BASIS}")
    same = one.person is spoken_for or (
        spoken_for.nik is not None and one.person.nik == spoken_for.nik
    )
    if same and one.party in _SPEAKING:
        raise Refused("own_guardian", f"{field_}.nik: nobody speaks for himself")


def require_party(one: NamedParty) -> None:
    """Refuse a party, named afterwards, who lacks what his part needs."""
    if one.party is Party.APPLICANT:
        raise Refused("party_named", "party: the applicant is named as such")
    if (one.basis is not None) != (one.party in _SPEAKING):
        raise Refused("basis_needed", f"basis: {_BASIS}")


def require_speaks_for_another(party: Party, parties: Mapping[Party, str]) -> None:
    """Refuse somebody, named afterwards as this party, by whom one would speak for himself.

    `parties`: the residents of the case, with him.
    """
    subject = parties.get(Party.SUBJECT, parties.get(Party.APPLICANT))
    spoken_for = {Party.GUARDIAN: subject, Party.PROXY: parties.get(Party.APPLICANT)}
    speakers = (Party.GUARDIAN,) if party is Party.SUBJECT else (party,)
    for one in _SPEAKING.intersection(speakers):
        if one in parties and parties[one] == spoken_for[one]:
            raise Refused("own_guardian", "nik: nobody speaks for himself")


def missing_of(
    named: Collection[Party], needs: Sequence[Party], *, child: bool, power: bool
) -> tuple[str, ...]:
    """Return what the law asks for and a case lacks: it warns, and nobody is turned away.

    `needs`: whom the catalogue wants named; `power`: a power of attorney is bound.
    """
    missing = [GUARDIAN_MISSING] if child and Party.GUARDIAN not in named else []
    missing += [f"{party}_missing" for party in needs if party not in named]
    if Party.PROXY in named and not power:
        missing.append(POWER_MISSING)
    return tuple(missing)


def is_child(birth_date: date, on: date) -> bool:
    """Return whether somebody is under 18 on a day."""
    return age(birth_date, on) < ADULT_AT


def age(birth_date: date, on: date) -> int:
    """Return somebody's years on a day. Who was born on 29 February is a year older on 1 March."""
    turned = (on.month, on.day) >= (birth_date.month, birth_date.day)
    return on.year - birth_date.year - (not turned)


def about_child(
    applicant: Person, others: Sequence[NamedParty], on: date, *, service: bool
) -> bool:
    """Return whether a request is a child's: by the birth date given, else by the service."""
    subjects = [one.person for one in others if one.party is Party.SUBJECT]
    born = (subjects[0] if subjects else applicant).birth_date
    return service if born is None else is_child(date.fromisoformat(born), on)
