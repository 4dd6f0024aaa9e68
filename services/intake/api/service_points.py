"""Where residents reach a programme beside its events, as the programme's document states it."""

from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from services.intake.api.fields import TimeOfDay
from services.intake.domain import OpenHours, ServicePoint
from shared.contracts.event import PublicText, ServiceCode, TypedRegionCode
from shared.web.body import Body, Unfit

MAX_SERVICES: Final = 100
MAX_POINTS: Final = 200
_WEEK: Final = 7


class OpenHoursBody(Body):
    """When a point is open on one day of the week, 1 for Monday."""

    weekday: Annotated[int, Field(ge=1, le=_WEEK)]
    opens: TimeOfDay
    closes: TimeOfDay

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.opens >= self.closes:
            raise Unfit("a point closes after it opens")
        return self


class ServicePointBody(Body):
    """Where residents reach the programme; what nobody has stated is left out."""

    name: PublicText
    region_code: TypedRegionCode
    place: PublicText | None = None
    online: bool = False
    hours: Annotated[tuple[OpenHoursBody, ...], Field(max_length=2 * _WEEK)] = ()
    services: Annotated[tuple[ServiceCode, ...], Field(max_length=MAX_SERVICES)] = ()
    source: PublicText | None = None

    def point(self) -> ServicePoint:
        """Return the point that this describes."""
        hours = tuple(OpenHours(**one.model_dump()) for one in self.hours)
        return ServicePoint(
            self.name,
            self.region_code,
            self.place,
            self.online,
            hours,
            self.services,
            self.source,
        )


ServicePoints = Annotated[tuple[ServicePointBody, ...], Field(max_length=MAX_POINTS)]
