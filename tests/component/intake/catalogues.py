"""A small made-up catalogue, published for the kit's BOTRAM."""

from collections.abc import Mapping
from typing import Any, Final

from tests.component.intake.kit import Desk

INSTEAD: Final = "Datang ke kantor dengan ponsel Anda."
FAMILY_CARD: Final[Mapping[str, Any]] = {
    "id": "family_card",
    "missing": "Bawa Kartu Keluarga.",
    "any_of": [{"kind": "family_card", "text": "Kartu Keluarga"}],
    "waivers": ["seen_in_siak"],
}
PROXY: Final[Mapping[str, Any]] = {
    "id": "power_of_attorney",
    "missing": "Surat kuasa F-1.07.",
    "condition": "Bila diurus oleh orang lain",
    "any_of": [{"kind": "power_of_attorney", "form": "F-1.07", "text": "Surat kuasa"}],
}


def entry(code: str, service: str, *needed: Mapping[str, Any], **changed: Any) -> dict[str, Any]:
    return {
        "code": code,
        "service": service,
        "name": f"Layanan {code}",
        "requirements": list(needed),
        "procedure": ["Ajukan permohonan."],
        "channels": [{"channel": "event", "promise": "whole"}],
        "sources": ["Perpres 96/2018"],
        **changed,
    }


def catalogue(**changed: Any) -> dict[str, Any]:
    """Return the body of a catalogue that fits the kit's BOTRAM."""
    cannot = [{"channel": "event", "promise": "none", "text": INSTEAD}]
    return {
        "entries": [
            entry("KIA_5_TO_17", "KIA", FAMILY_CARD, PROXY),
            entry("KIA_UNDER_5", "KIA", FAMILY_CARD),
            entry("KK", "KK", FAMILY_CARD),
            entry("IKD", "IKD", channels=cannot),
        ],
        "bringing": [{"channel": "event", "text": "Bawa fotokopi dan tunjukkan aslinya."}],
        "waiver_reasons": [{"code": "seen_in_siak", "text": "Data cocok di SIAK"}],
        "cost": "Gratis.",
        "complaints": "Lewat lapor.go.id.",
        **changed,
    }


async def publish(office: Desk, **changed: Any) -> Any:
    path = "/programmes/botram/catalogue"
    return await office.ask("PUT", path, "admin", json=catalogue(**changed))
