"""Made-up cases, programmes and events. Made-up NIKs use region 32.16.99, which does not exist."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from services.intake.domain import (
    CatalogueService,
    Deliverable,
    LookupKeys,
    NewRequest,
    Person,
    PlannedEvent,
    Programme,
    open_case,
)
from services.intake.domain.case import Case
from services.intake.gateways import KeptCatalogues, SealedVault
from services.intake.store import COLLECTIONS, IntakeReader
from services.intake.usecases import record_request
from shared.sealing.masterkeys import MasterKeys
from shared.testing.bench import Bench

SATURDAY = datetime(2023, 3, 11, 2, 15, tzinfo=UTC)
"""09.15 in Bekasi."""
CASE = "0190f3c2-7a51-7c3e-9a5e-0d2f4b6a8c10"
EVENT = "botram-2023-03-11-setu"
NIK = "3216991203850001"

LOOKUPS: Final = LookupKeys(b"s" * 32)


def master_keys(newest: int) -> MasterKeys:
    """Return so many made-up master keys; each number is a newer one."""
    return MasterKeys(*(bytes([number]) * 32 for number in range(newest, 0, -1)))


_KEYS: Final = master_keys(1)
VAULT: Final = SealedVault(lambda: _KEYS)

BOTRAM = Programme(
    id="botram",
    name="BOTRAM",
    owner="Disdukcapil Kabupaten Bekasi",
    region_code="32.16",
    time_zone="Asia/Jakarta",
    languages=("id",),
    channels=("event",),
    services=(
        CatalogueService("KIA", "Kartu Identitas Anak", Deliverable.CARD),
        CatalogueService("KK", "Kartu Keluarga", Deliverable.PDF),
        CatalogueService("IKD", "Identitas Kependudukan Digital", Deliverable.APP, home=False),
    ),
    standard_working_days=3,
    pick_up_and_delivery=False,
    version=1,
)
HALO_PAMOR = replace(
    BOTRAM,
    id="halo_pamor",
    name="HALO PAMOR",
    owner="Disdukcapil Kota Bekasi",
    region_code="32.75",
    channels=("agent", "eopen"),
    standard_working_days=None,
    pick_up_and_delivery=True,
)
SETU = PlannedEvent(
    id=EVENT,
    version=1,
    programme_id="botram",
    name="BOTRAM Setu",
    place="Stadion Mini Desa Cijengkol",
    region_code="32.16.18",
    on=date(2023, 3, 11),
    services=frozenset({"KIA", "KK"}),
    ticketed=frozenset({"KIA", "KK"}),
)


@dataclass
class Closed:
    """A national calendar with these days and no others."""

    days: Collection[date] = field(default_factory=tuple)

    def is_holiday(self, day: date) -> bool:
        """Return whether offices are closed."""
        return day in self.days


def at_event(**changed: Any) -> NewRequest:
    """Return a request made at the event in Setu."""
    request = NewRequest(
        case_id=CASE,
        tracking="0" * 64,
        programme_id="botram",
        service="KIA",
        channel="event",
        person=Person("Sukarno"),
        region_code="32.16.18.2001",
        event_id=EVENT,
    )
    return replace(request, **changed)


def at_home(**changed: Any) -> NewRequest:
    """Return a request from home to home."""
    request = NewRequest(
        case_id=CASE,
        tracking="0" * 64,
        programme_id="halo_pamor",
        service="KK",
        channel="agent",
        person=Person("Siti", NIK, "+628120000001", "Gang Contoh 1"),
        region_code="32.75.01.1001",
        rw="005",
        pick_up=True,
        deliver=True,
    )
    return replace(request, **changed)


def event_case() -> Case:
    """Return a case just received at the event."""
    return open_case(at_event(), BOTRAM, SETU, SATURDAY, Closed())


def home_case() -> Case:
    """Return a case just received from home to home."""
    return open_case(at_home(), HALO_PAMOR, None, SATURDAY, Closed())


def later(minutes: int) -> datetime:
    """Return a time after the request was received."""
    return SATURDAY + timedelta(minutes=minutes)


def bench(*kept: object) -> Bench:
    """Return intake's data with two programmes, the event in Setu, and what is given."""
    return Bench(COLLECTIONS, BOTRAM, HALO_PAMOR, SETU, *kept)


def reader(work: Bench) -> IntakeReader:
    """Return what routes read of these data."""
    return IntakeReader(work.database, COLLECTIONS)


def everybody(**_: Any) -> None:
    """Let everybody act."""


async def record(work: Bench, new: NewRequest, **more: Any) -> dict[str, Any]:
    """Record a request and return its answer."""
    usual = {"holidays": Closed(), "lookups": LOOKUPS, "vault": VAULT, "allow": everybody}
    usual["catalogues"] = KeptCatalogues(reader(work))
    how = {**usual, **more}
    answer: dict[str, Any] = await work.run(lambda uow: record_request(new, uow, **how))
    return answer
