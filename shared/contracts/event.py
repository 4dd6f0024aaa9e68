"""What every event of the published language is made of."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, ClassVar, Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""Nothing older is imported."""
LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)
"""Far from the calendar's end, where a change of zone overflows in whoever reads it."""
CLOCKS_APART: Final = timedelta(seconds=30)
"""How far ahead of ours a sender's clock may be."""

Moment = Annotated[AwareDatetime, Field(ge=EARLIEST, le=LATEST)]
"""When a sender says that something happened."""

AggregateId = Annotated[
    str,
    Field(
        pattern=r"^([A-Za-z]|[0-9]{1,15}[A-Za-z._:/-])[A-Za-z0-9._:/-]{0,119}$",
        description=(
            "Opaque and random or administrative; never made from personal data: sixteen digits "
            "in a row, as a NIK has them, do not begin an id."
        ),
    ),
]
RegionCode = Annotated[
    str,
    Field(
        pattern=r"^[0-9]{2}(\.[0-9]{2}(\.[0-9]{2}(\.[0-9]{4})?)?)?$",
        description="Kemendagri code: province, regency, sub-district or village (32.16.18.2001).",
        examples=["32.16.18"],
    ),
]
NeighbourhoodUnit = Annotated[
    str,
    Field(
        pattern=r"^[0-9]{3}$",
        description="RW, three digits; only unique together with its village code.",
        examples=["005"],
    ),
]
ServiceCode = Annotated[
    str,
    Field(
        pattern=r"^[A-Z][A-Z0-9_]{1,39}$",
        description="A service of the programme's catalogue.",
        examples=["KIA"],
    ),
]
Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
ProgrammeId = Annotated[
    str,
    Field(
        pattern=r"^[a-z][a-z0-9_]{0,39}$",
        description="The programme (tenant) that this belongs to.",
        examples=["botram"],
    ),
]
Channel = Annotated[
    str,
    Field(
        pattern=r"^[a-z][a-z0-9_]{0,39}$",
        description="The way the request came in; the programme lists its own.",
        examples=["event"],
    ),
]
PublicText = Annotated[
    str,
    Field(
        min_length=1,
        max_length=200,
        pattern=r"^[^\x00-\x1F\x7F]+$",
        description="A public name of an office, a place or a service; never of a person.",
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
