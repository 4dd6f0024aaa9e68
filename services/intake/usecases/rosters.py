"""A school's roster: recorded as one visit with a request for each pupil, and its slips."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from services.intake.domain import (
    Case,
    Line,
    LookupKeys,
    NewRequest,
    Party,
    Programme,
)
from services.intake.domain.roster import ROSTER_PUPILS, Pupil, Roster
from services.intake.domain.visit import Wanted
from services.intake.usecases.allow import Allow
from services.intake.usecases.checklists import checklist_of
from services.intake.usecases.ports import Reader
from services.intake.usecases.requests import Recorder
from services.intake.usecases.residents import Told
from services.intake.usecases.visits import NewVisit, record_visit
from shared.contracts.envelope import new_id
from shared.messaging.task import fingerprint_of
from shared.messaging.unit_of_work import UnitOfWork

ROSTER_SERVICE: Final = "KIA"
"""What a roster asks for, unless it is said: its ages are those of this card."""


@dataclass(frozen=True, slots=True)
class ForClass:
    """What all pupils of a roster ask for, and where they live."""

    programme_id: str
    channel: str
    region_code: str
    event_id: str | None = None
    service: str = ROSTER_SERVICE
    variant: str | None = None
    under_five: str | None = None
    """The entry of the catalogue for who is under five; None: the same as for the others."""

    def visit(self, roster: Roster, today: date) -> NewVisit:
        """Return the visit of those for whom a guardian has consented."""
        wanted = tuple(Wanted(self._request(one, today)) for one in roster.consented)
        return NewVisit(new_id(), self.programme_id, self.channel, self.event_id, wanted)

    def _request(self, pupil: Pupil, today: date) -> NewRequest:
        young = self.under_five and pupil.under_five(today)
        return NewRequest(
            case_id="",
            tracking="",
            programme_id=self.programme_id,
            service=self.service,
            channel=self.channel,
            person=pupil.person,
            region_code=self.region_code,
            event_id=self.event_id,
            others=pupil.guardians,
            variant=self.under_five if young else self.variant,
        )

    def print_of(self, content: str, lookups: LookupKeys) -> str:
        """Return what tells this list for this event from every other; it is recorded once.

        Keyed: a digest of names and birth dates alone could be guessed from.
        """
        said = (self.programme_id, self.event_id or "", self.service, content)
        return f"roster:{fingerprint_of(lookups.fingerprint_key, *said)}"


async def record_roster(
    visit: NewVisit, uow: UnitOfWork, *, recorder: Recorder, allow: Allow
) -> dict[str, Any]:
    """Record a class's visit as `record_visit` does, for a class's number of pupils."""
    return await record_visit(
        visit,
        uow,
        record=recorder.recording(allow),
        new_codes=recorder.new_codes,
        catalogues=recorder.catalogues,
        limit=ROSTER_PUPILS,
    )


@dataclass(frozen=True, slots=True)
class Slip:
    """What one pupil takes home."""

    name: str
    service: str
    code: str
    lacking: Sequence[Line] | None
    """What is still to be brought; None where no catalogue says."""


async def slip_of(
    case: Case,
    told: Mapping[Party, Told | None],
    programme: Programme | None,
    reader: Reader,
    recorder: Recorder,
) -> Slip | None:
    """Return one pupil's slip, given what was said of his people; None where he is erased."""
    pupil = told.get(Party.APPLICANT)
    if pupil is None:
        return None
    checked = await checklist_of(case, reader, recorder.catalogues)
    service = programme.catalogue.get(case.service) if programme else None
    code = recorder.secrets.code(case.id, case.tracking)
    name = service.name if service else case.service
    return Slip(pupil.person.name, name, code, checked.lacking if checked else None)
