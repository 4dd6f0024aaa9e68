"""Reads by id, those that are made at the same time in one command.

What a page is made of is read at once, and so are the same documents for many who ask together:
each command costs both sides more than what it brings.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from shared.messaging.message import Document
from shared.mongo.client import Places

LIMIT: Final = 100
"""Ids that one caller may ask for here; more are a query of their own."""

_Found = Mapping[tuple[str, str], Document]


@dataclass(eq=False, slots=True)
class _Wanted:
    """What one caller waits for."""

    name: str
    ids: Sequence[str]
    found: "asyncio.Future[dict[str, Document]]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    def settle(self, found: _Found) -> None:
        """Give the caller what is there, unless he has gone."""
        there = {id_: found[self.name, id_] for id_ in self.ids if (self.name, id_) in found}
        if not self.found.done():
            self.found.set_result(there)

    def fail(self, error: BaseException) -> None:
        """Raise the error for the caller, unless he has gone."""
        if not self.found.done():
            self.found.set_exception(error)


class Gets:
    """Documents by their ids, from the collections of one database and of its parts."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._wanted: defaultdict[str, list[_Wanted]] = defaultdict(list)
        self._running: set[asyncio.Task[None]] = set()

    async def documents(self, name: str, apart: str, ids: Sequence[str]) -> dict[str, Document]:
        """Return the documents that are there, by id. Raises the driver's errors."""
        if not ids:
            return {}
        wanted, loop = _Wanted(name, ids), asyncio.get_running_loop()
        if not self._wanted[apart]:
            # Two turns of the loop later: a task that is started now may itself start two that ask.
            loop.call_soon(loop.call_soon, self._send, apart)
        self._wanted[apart].append(wanted)
        return await wanted.found

    def _send(self, apart: str) -> None:
        task = asyncio.create_task(self._answer(apart, self._wanted.pop(apart)))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _answer(self, apart: str, wanted: Sequence[_Wanted]) -> None:
        try:
            found = await self._found(apart, wanted)
        except BaseException as error:
            for one in wanted:
                one.fail(error)
            if not isinstance(error, Exception):
                raise
        else:
            for one in wanted:
                one.settle(found)

    async def _found(self, apart: str, wanted: Sequence[_Wanted]) -> _Found:
        ids: defaultdict[str, dict[str, None]] = defaultdict(dict)
        for one in wanted:
            ids[one.name] |= dict.fromkeys(one.ids)
        (first, its), *others = ids.items()
        if not others:
            documents = self._places.of(first, apart).find({"_id": {"$in": list(its)}})
            return {(first, one["_id"]): one for one in await documents.to_list(None)}
        pipeline = _branch(first, its)
        for name, more in others:
            pipeline.append({"$unionWith": {"coll": name, "pipeline": _branch(name, more)}})
        rows = await self._places.of(first, apart).aggregate(pipeline)
        return {(row["of"], row["document"]["_id"]): row["document"] async for row in rows}


def _branch(name: str, ids: Mapping[str, None]) -> list[dict[str, Any]]:
    wrapped = {"of": {"$literal": name}, "document": "$$ROOT"}
    return [{"$match": {"_id": {"$in": list(ids)}}}, {"$replaceWith": wrapped}]
