"""Events that came before the code that knows their type.

They are archived as they came and stay on the work list. Each instance takes from it only types
that its own code knows, so during a rolling upgrade an older one does not count them as nothing.
Newer code holds the payloads against their contract; those that fit are counted as any other.
"""

from typing import Any, Final

from pydantic import ValidationError

from services.reporting.store.names import ARCHIVE, UNFOLDED
from shared.contracts import CATALOGUE

_PAGE: Final = 500


def types() -> list[str]:
    """Return the types that this code knows."""
    return sorted(CATALOGUE)


def readable() -> dict[str, Any]:
    """Return the query for rows of the work list that this code can count."""
    return {"type": {"$in": types()}, "unread": False}


async def read_anew(database: Any) -> None:
    """Mark as read what this code knows and can read. What does not fit its contract stays."""
    last = ""
    while True:
        query = {"type": {"$in": types()}, "unread": True, "_id": {"$gt": last}}
        rows = database[UNFOLDED].find(query, {"_id": 1}, sort=[("_id", 1)], limit=_PAGE)
        ids = [row["_id"] for row in await rows.to_list(None)]
        if not ids:
            return
        found = database[ARCHIVE].find({"_id": {"$in": ids}}, {"type": 1, "body": 1})
        fitting = [one["_id"] for one in await found.to_list(None) if _fits(one)]
        await database[UNFOLDED].update_many({"_id": {"$in": fitting}}, {"$set": {"unread": False}})
        last = ids[-1]


def _fits(archived: dict[str, Any]) -> bool:
    try:
        CATALOGUE[archived["type"]].model_validate_json(archived["body"])
    except ValidationError:
        return False
    return True
