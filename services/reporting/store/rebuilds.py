"""A generation of totals in the making, beside the one that is read."""

from pymongo import ReplaceOne, ReturnDocument
from pymongo.asynchronous.client_session import AsyncClientSession

from services.reporting.domain import Totals, fold
from services.reporting.store.archive import facts_by_id, zones_of
from services.reporting.store.ledger import add, change_state, transaction
from services.reporting.store.names import (
    ARCHIVE,
    REFOLDED,
    STATE,
    THE_STATE,
    TOTALS,
    documents,
    durable,
    keys,
)
from services.reporting.usecases.rebuild import Superseded
from shared.messaging.errors import Conflict, Missing
from shared.messaging.message import Document
from shared.mongo.client import Client, translated

PAGE = 1000
"""Counters or refolded events in one transaction at most."""


class Rebuilds:
    """`usecases.rebuild.Rebuilds`."""

    def __init__(self, client: Client, database: str) -> None:
        self._client = client
        self._db = durable(client, database)

    async def begin(self) -> int:
        """Begin a generation and return its number; one that was begun before is given up.

        Clears away what nobody reads any more: the generation given up, and the one before the one
        in use, which is kept until now for those who were still reading it. Raises Missing where
        nothing has ever been counted, and Unavailable.
        """
        number = {"$add": [{"$max": ["$current", {"$ifNull": ["$next", 0]}]}, 1]}
        with translated():
            before = await self._db[STATE].find_one_and_update(
                {"_id": THE_STATE},
                [{"$set": {"next": number, "previous": None}}],
                return_document=ReturnDocument.BEFORE,
            )
            if before is None:
                raise Missing("totals: nothing has been counted yet")
            for generation in (before["previous"], before["next"]):
                if generation is not None:
                    await self._clear(generation)
        return int(max(before["current"], before["next"] or 0)) + 1

    async def give_up(self, generation: int) -> None:
        """Forget a generation that will not be used, unless it is in use. Raises Unavailable."""
        with translated():
            given_up = await self._db[STATE].update_one(
                {"_id": THE_STATE, "next": generation}, {"$set": {"next": None}}
            )
            if given_up.matched_count:
                await self._clear(generation)

    async def _clear(self, generation: int) -> None:
        await self._db[TOTALS].delete_many({"_id": keys(generation)})
        await self._db[REFOLDED].delete_many({"_id": keys(generation)})

    async def write(self, generation: int, totals: Totals) -> None:
        """Store counters of a generation that is not in use yet. Raises Unavailable.

        Whole counters rather than increments: written twice they are the same.
        """
        counters = documents(generation, totals)
        for begin in range(0, len(counters), PAGE):
            some = counters[begin : begin + PAGE]
            replaced = [ReplaceOne({"_id": one["_id"]}, one, upsert=True) for one in some]
            with translated():
                await self._db[TOTALS].bulk_write(replaced, ordered=False)

    async def finish(self, generation: int) -> bool:
        """Add what was counted meanwhile and take the generation into use; False: once more.

        Raises Superseded where another rebuild has begun since, Conflict where somebody counts at
        the same moment, and Unavailable where the outcome is not known.
        """
        async with transaction(self._client) as session:
            query = {"_id": keys(generation)}
            rows = await self._db[REFOLDED].find(query, limit=PAGE, session=session).to_list(None)
            last = len(rows) < PAGE
            await self._claim(generation, session, use=last)
            await self._add(generation, rows, session)
        return last

    async def _claim(self, generation: int, session: AsyncClientSession, *, use: bool) -> None:
        """Write the state, so that nothing is counted in the same moment; take it into use."""
        taken = {"previous": "$current", "current": generation, "next": None} if use else {}
        change = [{"$set": {**taken, "folds": {"$add": ["$folds", 1]}}}]
        state = await change_state(self._db, {"next": generation}, change, session)
        if state is not None:
            return
        now = await self._db[STATE].find_one({"_id": THE_STATE}, session=session)
        if now is None or now["current"] != generation:
            raise Superseded
        # The commit whose answer got lost did happen.

    async def _add(
        self, generation: int, rows: list[Document], session: AsyncClientSession
    ) -> None:
        ids = [row["_id"].partition("|")[2] for row in rows]
        facts = await facts_by_id(self._db[ARCHIVE], ids, session)
        zones = await zones_of(self._db, session)
        await add(self._db, generation, fold(facts, zones), session)
        marked = {"_id": {"$in": [row["_id"] for row in rows]}}
        deleted = await self._db[REFOLDED].delete_many(marked, session=session)
        if deleted.deleted_count != len(rows):
            raise Conflict("somebody else has added this")
