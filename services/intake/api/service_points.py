"""The service points of a programme's document, as a body."""

from typing import Annotated, Final, Self

from pydantic import Field, StringConstraints, model_validator

from services.intake.api.fields import require_region
from services.intake.domain import OpenHours, ServicePoint
from services.intake.usecases import Regions
from shared.contracts.event import PublicText, ServiceCode, TypedRegionCode
from shared.contracts.text import Reason
from shared.web.body import Body, Unfit
from shared.web.problems import FieldError, InvalidFields

MAX_POINTS: Final = 200
_DAYS: Final = 7

TimeOfDay = Annotated[
    str,
    StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$"),
    Reason("a time of day is written 08:00"),
]


class OpenHoursBody(Body):
    """When a point is open on one day of the week, 1 for Monday."""

    weekday: Annotated[int, Field(ge=1, le=_DAYS)]
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
    hours: Annotated[tuple[OpenHoursBody, ...], Field(max_length=2 * _DAYS)] = ()
    services: Annotated[tuple[ServiceCode, ...], Field(max_length=100)] = ()
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


def require_points(regions: Regions, points: ServicePoints, offered: set[str]) -> None:
    """Raise InvalidFields for a point in no known region, or with a service nobody offers."""
    for number, point in enumerate(points):
        require_region(regions, point.region_code, f"/service_points/{number}/region_code")
        if not offered.issuperset(point.services):
            field = f"/service_points/{number}/services"
            raise InvalidFields(FieldError(field, "the programme does not offer one of them"))
