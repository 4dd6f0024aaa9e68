"""Personal data on its way into and out of the database: here alone, so that it can be sealed."""

from collections.abc import Mapping
from typing import Any

from services.intake.domain import Person


def sealed(person: Person) -> dict[str, Any]:
    """Return what is stored of a person."""
    return {
        "name": person.name,
        "nik": person.nik,
        "phone": person.phone,
        "address": person.address,
    }


def opened(document: Mapping[str, Any]) -> Person:
    """Return the person whom `sealed` stored."""
    return Person(document["name"], document["nik"], document["phone"], document["address"])
