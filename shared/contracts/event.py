"""What every event of the published language is made of."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, ClassVar, Final

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from shared.contracts.text import (
    Reason,
    dotted_region,
    identifier,
    public_text,
    require_written_time,
    rw_number,
    token,
)

EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""Nothing older is imported."""
LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)
"""Far from the calendar's end, where a change of zone overflows in whoever reads it."""
CLOCKS_APART: Final = timedelta(seconds=30)
"""How far ahead of ours a sender's clock may be."""

Moment = Annotated[
    AwareDatetime, Field(ge=EARLIEST, le=LATEST), BeforeValidator(require_written_time)
]
"""When a sender says that something happened."""

_NO_NUMBER: Final = "no nine digits without a letter between them"

AggregateId = Annotated[
    str,
    Field(
        pattern=identifier("._:/-"),
        min_length=1,
        max_length=120,
        description=(
            "Opaque and random or administrative; never made from personal data: but for UUIDs, "
            f"{_NO_NUMBER}."
        ),
    ),
    Reason(
        "an id has 1 to 120 letters, digits and . _ : / -, begins with a letter or digit, and has "
        f"{_NO_NUMBER} unless it is a UUID"
    ),
]
RegionCode = Annotated[
    str,
    Field(
        pattern=r"^[0-9]{2}(\.[0-9]{2}(\.[0-9]{2}(\.[0-9]{4})?)?)?$",
        description="Kemendagri code: province, regency, sub-district or village (32.16.18.2001).",
        examples=["32.16.18"],
    ),
    Reason("a Kemendagri region code such as 32, 32.16, 32.16.18 or 32.16.18.2001"),
]
NeighbourhoodUnit = Annotated[
    str,
    Field(
        pattern="^(00[1-9]|0[1-9][0-9]|[1-9][0-9][0-9])$",
        description="RW, 001 to 999; only unique together with its village code.",
        examples=["005"],
    ),
    Reason("an RW has three digits, 001 to 999"),
]
TypedRegionCode = Annotated[RegionCode, BeforeValidator(dotted_region)]
"""A region code as people type it: 3216182001 is 32.16.18.2001. For HTTP bodies, not for events."""
TypedNeighbourhoodUnit = Annotated[NeighbourhoodUnit, BeforeValidator(rw_number)]
"""An RW as people type it: "5", "05" and "RW 05" are 005. For HTTP bodies, not for events."""
ServiceCode = Annotated[
    str,
    Field(
        pattern=token("A-Z", "_"),
        min_length=2,
        max_length=40,
        description="A service of the programme's catalogue.",
        examples=["KIA"],
    ),
    Reason(f"a service code has 2 to 40 of A-Z 0-9 _, begins with a letter, and has {_NO_NUMBER}"),
]
Slug = Annotated[
    str,
    Field(pattern=token("a-z", "_"), max_length=40),
    Reason(f"has 1 to 40 of a-z 0-9 _, begins with a letter, and has {_NO_NUMBER}"),
]
ProgrammeId = Annotated[
    Slug,
    Field(
        description="The programme (tenant) that this belongs to.",
        examples=["botram"],
    ),
]
Channel = Annotated[
    Slug,
    Field(
        description="The way the request came in; the programme lists its own.",
        examples=["event"],
    ),
]
PublicText = Annotated[
    str,
    Field(
        min_length=1,
        max_length=200,
        pattern=public_text(),
        description=(
            "A public name of an office, a place or a service; never of a person. Latin letters, "
            f"digits, spaces and punctuation, {_NO_NUMBER}."
        ),
    ),
    Reason(
        "a public text has 1 to 200 Latin letters, digits, spaces and punctuation marks, and has "
        f"{_NO_NUMBER}"
    ),
]


class Part(BaseModel):
    """A value inside an event. Readers ignore what they do not know."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Event(Part):
    """A fact that a service publishes: payload only, the envelope travels beside it.

    Within a version a change may only add optional fields; anything else is a new version with a
    new `type`, published beside the old one until nobody reads that any more.
    """

    type: ClassVar[str]
    """`<producer>.<noun>_<past participle>.v<n>`: routing key, AMQP type and file name."""

    aggregate_field: ClassVar[str]
    """The field that names the aggregate this is a fact about."""

    correlation_field: ClassVar[str]
    """The field that names the thread this belongs to: the case where there is one."""

    @property
    def aggregate_id(self) -> str:
        """The aggregate this is a fact about."""
        return str(getattr(self, self.aggregate_field))

    @property
    def correlation_id(self) -> str:
        """The thread this belongs to: the case where there is one."""
        return str(getattr(self, self.correlation_field))
