"""Regions in queries: a Kemendagri code and everything below it, by the index."""

from collections.abc import Mapping
from typing import Any


def below(field: str, region: str) -> list[Mapping[str, Any]]:
    """Return the alternatives that find a region or what lies below it, segment by segment.

    32.16 covers 32.16.05 and not 32.165.
    """
    # "/" follows "." in ASCII: what begins with "32.16." lies between "32.16." and "32.16/".
    return [{field: region}, {field: {"$gt": f"{region}.", "$lt": f"{region}/"}}]
