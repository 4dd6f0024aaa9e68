"""A service's trail as it lies in MongoDB, past all that checks it."""

from typing import Any

from pymongo import MongoClient
from pymongo.collection import Collection

from shared.audit.kept import ADDED_TO, AUDIT


def trail_of(
    client: MongoClient[dict[str, Any]], database: str, name: str = AUDIT
) -> Collection[dict[str, Any]]:
    """Return the entries of the service that owns this database, or its blocks."""
    return client[f"{database}_{ADDED_TO.part}"][name]
