"""A small made-up catalogue that fits the sample programmes."""

from dataclasses import replace
from typing import Final

from services.intake.domain import (
    Alternative,
    Bringing,
    Catalogue,
    ChannelPromise,
    DailyCap,
    Entry,
    PaperKind,
    Promise,
    Requirement,
    WaiverReason,
)
from tests.unit.intake.sample import BOTRAM, HALO_PAMOR

FAMILY_CARD: Final = Requirement(
    "family_card",
    "Kartu Keluarga.",
    (Alternative(PaperKind.FAMILY_CARD, "KK"),),
    waivers=("seen_in_siak",),
)
BIRTH: Final = Requirement(
    "birth_note",
    "Surat keterangan kelahiran, atau SPTJM.",
    (
        Alternative(PaperKind.BIRTH_NOTE, "Surat keterangan kelahiran"),
        Alternative(PaperKind.BIRTH_STATEMENT, "SPTJM", "F-2.03"),
    ),
)
PHOTO: Final = Requirement("photo", "Pasfoto.", (Alternative(PaperKind.PHOTO, "Pasfoto"),))
PROXY: Final = Requirement(
    "power_of_attorney",
    "Surat kuasa.",
    (Alternative(PaperKind.POWER_OF_ATTORNEY, "F-1.07", "F-1.07"),),
    condition="Bila diurus oleh orang lain",
)
INSTEAD: Final = "Datang ke kantor dengan ponsel Anda."


def entry(code: str, service: str, *needed: Requirement, channels: tuple[str, ...]) -> Entry:
    """Return an entry that every channel can do."""
    return Entry(
        code=code,
        service=service,
        name=f"Layanan {code}",
        requirements=needed,
        procedure=("Ajukan.",),
        channels=tuple(ChannelPromise(channel, Promise.WHOLE) for channel in channels),
        sources=("Perpres 96/2018",),
    )


def catalogue(
    programme_id: str = "botram", channels: tuple[str, ...] = ("event",), **changed: object
) -> Catalogue:
    """Return version 1 of a programme's catalogue; IKD is what no channel can do."""
    cannot = tuple(ChannelPromise(one, Promise.NONE, INSTEAD) for one in channels)
    made = Catalogue(
        programme_id=programme_id,
        version=1,
        entries=(
            entry("KIA_5_TO_17", "KIA", FAMILY_CARD, BIRTH, PHOTO, PROXY, channels=channels),
            entry("KIA_UNDER_5", "KIA", FAMILY_CARD, BIRTH, channels=channels),
            entry("KK", "KK", FAMILY_CARD, channels=channels),
            replace(entry("IKD", "IKD", channels=channels), channels=cannot),
        ),
        bringing=tuple(Bringing(channel, "Bawa fotokopi.") for channel in channels),
        waiver_reasons=(WaiverReason("seen_in_siak", "Data cocok di SIAK"),),
        daily_caps=(),
        cost="Gratis.",
        complaints="Lewat lapor.go.id.",
    )
    return replace(made, **changed)  # type: ignore[arg-type]


def capped(requests: int) -> Catalogue:
    """Return one that takes so many requests for KIA a day."""
    return catalogue(daily_caps=(DailyCap("KIA", requests),))


WITH_CATALOGUE: Final = replace(BOTRAM, catalogue_version=1)
PAMOR_WITH_CATALOGUE: Final = replace(HALO_PAMOR, catalogue_version=1)
