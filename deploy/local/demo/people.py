"""Made-up residents. Their NIKs lie in sub-district 99 of a real regency, which does not exist."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

_GIVEN = (
    "Siti", "Budi", "Dewi", "Agus", "Rina", "Joko", "Sri", "Asep", "Nur", "Wahyu", "Lestari",
    "Hendra", "Yuni", "Dedi", "Ratna", "Iwan", "Fitri", "Ujang", "Mega", "Tono",
)  # fmt: skip
_FAMILY = (
    "Contoh", "Cobaan", "Rekaan", "Misalnya", "Andaikan", "Umpama", "Tiruan", "Percobaan",
)  # fmt: skip
_WOMEN = 40
_FIRST_BIRTH = date(1950, 1, 1)
_DAYS_OF_BIRTHS = 20_000


@dataclass(frozen=True, slots=True)
class Resident:
    """Somebody who does not exist."""

    name: str
    nik: str
    address: str


def residents(regency: str, chance: random.Random) -> Iterator[Resident]:
    """Yield residents without end. `regency` is four digits; no two have the same NIK."""
    serial = 0
    while True:
        serial += 1
        born = _FIRST_BIRTH + timedelta(days=chance.randrange(_DAYS_OF_BIRTHS))
        day = born.day + chance.choice((0, _WOMEN))
        nik = f"{regency}99{day:02}{born:%m%y}{serial:04}"
        name = f"{chance.choice(_GIVEN)} {chance.choice(_FAMILY)}"
        yield Resident(name, nik, f"Kampung Contoh RT {chance.randint(1, 9):03} No. {serial}")
