"""Queries by region: a Kemendagri code reaches everything below it, segment by segment."""

from collections.abc import Collection
from typing import Any

from shared.auth.roles import EVERYWHERE


def within(field: str, regions: Collection[str]) -> dict[str, Any]:
    """Return the query of documents whose `field` lies in one of these regions or below it.

    A region `*` stands for everywhere; without any region nothing is found.
    """
    if EVERYWHERE in regions:
        return {}
    named = sorted(regions)
    return {"$or": [{field: {"$in": named}}, *({field: _below(region)} for region in named)]}


def _below(region: str) -> dict[str, str]:
    # "/" follows "." in ASCII: what begins with "32.16." lies between "32.16." and "32.16/".
    return {"$gt": f"{region}.", "$lt": f"{region}/"}
