"""A programme's catalogue over HTTP: published whole, and read in the version that is asked for."""

from typing import Annotated, Final, Self

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, Field, TypeAdapter, model_validator

from services.intake.api.fields import require_once
from services.intake.api.requests import PartyName
from services.intake.api.rights import allowed_programme, programme_of
from services.intake.domain import (
    PARTIES_LIMIT,
    Catalogue,
    PaperKind,
    Promise,
    Whose,
    catalogue_id,
)
from services.intake.usecases import (
    Catalogues,
    Reader,
    publish_catalogue,
)
from shared.auth.roles import Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.event import Channel, ProgrammeId, ServiceCode, Slug
from shared.contracts.text import Reason, public_text
from shared.runtime import CommandsDep, SentDep, provided
from shared.web.body import Body
from shared.web.guard import CallerDep
from shared.web.problems import NotFound

RULES: Final[RouteRules] = {
    "PUT /api/programmes/{programme_id}/catalogue": Rule({Role.ADMIN}),
    "GET /api/programmes/{programme_id}/catalogue": Rule(set(Role) - {Role.CHANNEL}),
}

MAX_ENTRIES: Final = 100
MAX_REQUIREMENTS: Final = 20
MAX_ALTERNATIVES: Final = 6
MAX_PARTS: Final = 20
"""Steps of a procedure, channels, reasons and sources, each."""
MAX_CAP: Final = 100_000
MAX_WORDS: Final = 400
MAX_VERSION: Final = 1_000_000

Words = Annotated[
    str,
    Field(min_length=1, max_length=MAX_WORDS, pattern=public_text()),
    Reason(f"1 to {MAX_WORDS} characters in Latin letters, without nine digits in a row"),
]
"""A text for residents or officers; of no person."""
Form = Annotated[
    str,
    Field(pattern="^F-[12][.][0-9]{2}$"),
    Reason("a form of Permendagri 109/2019 such as F-1.02"),
]
ProgrammePath = Annotated[ProgrammeId, Path()]


class AlternativeBody(Body):
    """One paper that meets a requirement."""

    kind: PaperKind
    text: Words
    form: Form | None = None
    of: Whose = Whose.REQUEST
    """Whose it must be where it was brought once for a whole visit."""


class RequirementBody(Body):
    """One requirement, met by any of these papers."""

    id: Slug
    missing: Words
    any_of: Annotated[tuple[AlternativeBody, ...], Field(min_length=1, max_length=MAX_ALTERNATIVES)]
    condition: Words | None = None
    waivers: Annotated[tuple[Slug, ...], Field(max_length=MAX_PARTS)] = ()


class PromiseBody(Body):
    """What one channel may promise; anything but `whole` needs its text."""

    channel: Channel
    promise: Promise
    text: Words | None = None


class EntryBody(Body):
    """One variant of a service."""

    code: ServiceCode
    service: ServiceCode
    name: Words
    requirements: Annotated[tuple[RequirementBody, ...], Field(max_length=MAX_REQUIREMENTS)]
    procedure: Annotated[tuple[Words, ...], Field(min_length=1, max_length=MAX_PARTS)]
    channels: Annotated[tuple[PromiseBody, ...], Field(min_length=1, max_length=MAX_PARTS)]
    sources: Annotated[tuple[Words, ...], Field(min_length=1, max_length=MAX_PARTS)]
    presence: Words | None = None
    disagreement: Words | None = None
    needs: Annotated[tuple[PartyName, ...], Field(max_length=PARTIES_LIMIT)] = ()
    """Whom the law wants named beside the applicant; who is not warns."""

    @model_validator(mode="after")
    def _unequivocal(self) -> Self:
        require_once([one.id for one in self.requirements], "a requirement")
        require_once([one.channel for one in self.channels], "a channel")
        return self


class BringingBody(Body):
    """How papers are given in a channel."""

    channel: Channel
    text: Words


class DailyCapBody(Body):
    """How many requests for a service one day takes."""

    service: ServiceCode
    requests: Annotated[int, Field(ge=1, le=MAX_CAP)]


class WaiverReasonBody(Body):
    """Why an operator may do without a paper."""

    code: Slug
    text: Words


class LifeEventBody(Body):
    """What is asked for together when somebody is born or dies, and what is told."""

    code: Slug
    name: Words
    entries: Annotated[tuple[ServiceCode, ...], Field(min_length=1, max_length=MAX_PARTS)]
    referrals: Annotated[tuple[Words, ...], Field(max_length=MAX_PARTS)] = ()
    sources: Annotated[tuple[Words, ...], Field(min_length=1, max_length=MAX_PARTS)]

    @model_validator(mode="after")
    def _unequivocal(self) -> Self:
        require_once(list(self.entries), "an entry")
        return self


class CatalogueBody(Body):
    """A catalogue, whole, as it shall stand from now on."""

    entries: Annotated[tuple[EntryBody, ...], Field(min_length=1, max_length=MAX_ENTRIES)]
    bringing: Annotated[tuple[BringingBody, ...], Field(max_length=MAX_PARTS)] = ()
    waiver_reasons: Annotated[tuple[WaiverReasonBody, ...], Field(max_length=MAX_PARTS)] = ()
    daily_caps: Annotated[tuple[DailyCapBody, ...], Field(max_length=MAX_ENTRIES)] = ()
    cost: Words
    complaints: Words
    life_events: Annotated[tuple[LifeEventBody, ...], Field(max_length=MAX_PARTS)] = ()

    @model_validator(mode="after")
    def _unequivocal(self) -> Self:
        require_once([one.code for one in self.entries], "an entry")
        require_once([one.channel for one in self.bringing], "a channel")
        require_once([one.code for one in self.waiver_reasons], "a reason")
        require_once([one.service for one in self.daily_caps], "a service")
        require_once([one.code for one in self.life_events], "a life event")
        return self

    def catalogue(self, programme_id: str) -> Catalogue:
        """Return the catalogue that this describes, not yet a version of anything."""
        return _CATALOGUE.validate_python(
            {**self.model_dump(), "programme_id": programme_id, "version": 0}
        )


class CatalogueAnswer(CatalogueBody):
    """One version of a catalogue."""

    programme_id: str
    version: int


class CatalogueVersion(BaseModel):
    """A catalogue's version after the command."""

    programme_id: str
    version: int


_CATALOGUE: Final = TypeAdapter(Catalogue)
router = APIRouter(prefix="/api/programmes/{programme_id}/catalogue")
ReaderDep = Annotated[Reader, Depends(provided(Reader))]
CataloguesDep = Annotated[Catalogues, Depends(provided(Catalogues))]


@router.put("")
async def put_catalogue(
    programme_id: ProgrammePath,
    body: CatalogueBody,
    caller: CallerDep,
    commands: CommandsDep,
    reader: ReaderDep,
    sent: SentDep,
) -> CatalogueVersion:
    """Publish a programme's catalogue; the same content again changes nothing.

    Cases that are there keep the version that they were opened under.
    """
    wanted = body.catalogue(programme_id)
    programme = await programme_of(programme_id, caller, reader)
    allow = allowed_programme(caller)
    allow(programme)  # a replay too: the token may be another one by now
    outcome = await commands.run(
        lambda uow: publish_catalogue(wanted, uow, allow=allow), sent=sent, key=programme_id
    )
    return CatalogueVersion(programme_id=programme_id, version=outcome.answer)


@router.get("")
async def get_catalogue(
    programme_id: ProgrammePath,
    caller: CallerDep,
    reader: ReaderDep,
    catalogues: CataloguesDep,
    version: Annotated[int | None, Query(ge=1, le=MAX_VERSION)] = None,
) -> CatalogueAnswer:
    """Return a version of a programme's catalogue, by default the one that counts now."""
    programme = await programme_of(programme_id, caller, reader)
    wanted = version or programme.catalogue_version
    found = await catalogues.get(catalogue_id(programme_id, wanted)) if wanted else None
    if found is None:
        raise NotFound("catalogue")
    return answered(found)


def answered(catalogue: Catalogue) -> CatalogueAnswer:
    """Return a catalogue as it is read."""
    return CatalogueAnswer.model_validate(_CATALOGUE.dump_python(catalogue))
