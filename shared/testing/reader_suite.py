# ruff: noqa: S101, D102 - a suite of tests: it asserts, by names and plain numbers
"""The queries that readers may use; run against the fake and against MongoDB."""

import asyncio
from typing import Any

import pytest

from shared.messaging.store import Changes, Write
from shared.mongo.client import Places
from shared.mongo.gets import Gets
from shared.mongo.regions import within
from shared.testing.store_suite import Stores


class ReaderContract:
    """The queries that readers may use, so that component tests on the fake mean something."""

    _HELD = (
        {"_id": "a", "version": 1, "pages": 3, "tray": {"no": 1}, "tags": ["x", "y"]},
        {"_id": "b", "version": 1, "pages": 1, "tray": {"no": 2}, "tags": []},
        {"_id": "c", "version": 1, "pages": 2, "tray": None, "tags": ["y"]},
        {"_id": "d", "version": 1, "pages": 2},
    )

    async def _fill(self, stores: Stores) -> Any:
        await stores.store().commit(
            Changes(writes=[Write("letters", dict(document), None) for document in self._HELD])
        )
        return stores.database()["letters"]

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ({}, "abcd"),
            ({"pages": 2}, "cd"),
            ({"pages": 2, "_id": "c"}, "c"),
            ({"tray": None}, "cd"),
            ({"tray.no": 2}, "b"),
            ({"tags": "y"}, "ac"),
            ({"pages": {"$in": [1, 3]}}, "ab"),
            ({"pages": {"$nin": [1, 3]}}, "cd"),
            ({"pages": {"$ne": 2}}, "ab"),
            ({"pages": {"$gt": 1, "$lt": 3}}, "cd"),
            ({"pages": {"$gte": 2}}, "acd"),
            ({"pages": {"$lte": 1}}, "b"),
            ({"tray.no": {"$gt": 0}}, "ab"),
            ({"_id": {"$gt": "b"}}, "cd"),
            ({"$or": [{"pages": 1}, {"_id": "a"}]}, "ab"),
            ({"$or": [{"pages": {"$in": []}}]}, ""),
            ({"pages": 2, "$or": [{"_id": "a"}, {"tray": None, "$or": [{"tags": "y"}]}]}, "c"),
            ({"$and": [{"pages": 2}, {"tray": None}]}, "cd"),
        ],
    )
    async def test_a_query_finds(
        self, stores: Stores, query: dict[str, Any], expected: str
    ) -> None:
        letters = await self._fill(stores)
        found = await letters.find(query, sort=[("_id", 1)]).to_list(None)
        assert "".join(document["_id"] for document in found) == expected
        assert await letters.count_documents(query) == len(expected)

    @pytest.mark.parametrize(
        ("regions", "expected"),
        [
            (["32"], "abc"),
            (["32.16"], "ab"),
            (["32.16.18", "32.17"], "bc"),
            (["32.16.18.2001"], ""),
            (["32.16", "*"], "abcd"),
            (["3"], ""),
            ([], ""),
        ],
    )
    async def test_a_region_holds_what_lies_below_it(
        self, stores: Stores, regions: list[str], expected: str
    ) -> None:
        places = {"a": "32.16", "b": "32.16.18", "c": "32.17.01", "d": "33.16"}
        await stores.store().commit(
            Changes(
                writes=[
                    Write("letters", {"_id": id_, "version": 1, "place": place}, None)
                    for id_, place in places.items()
                ]
            )
        )
        found = stores.database()["letters"].find(within("place", regions), sort=[("_id", 1)])
        assert "".join([document["_id"] async for document in found]) == expected

    async def test_what_was_found_comes_in_order_and_in_pages(self, stores: Stores) -> None:
        letters = await self._fill(stores)
        ordered = letters.find({}, sort=[("pages", -1), ("_id", 1)])
        assert [document["_id"] async for document in ordered] == ["a", "c", "d", "b"]
        page = letters.find({}).sort("pages", 1).skip(1).limit(2)
        assert {document["_id"] for document in await page.to_list(None)} == {"c", "d"}
        last = await letters.find_one({"pages": 2}, sort=[("_id", -1)])
        assert last == {"_id": "d", "version": 1, "pages": 2}
        assert await letters.find_one({"pages": 9}) is None

    async def test_a_projection_shows_some_fields(self, stores: Stores) -> None:
        letters = await self._fill(stores)
        assert await letters.find_one({"_id": "d"}, {"pages": 1}) == {"_id": "d", "pages": 2}
        assert await letters.find_one({"_id": "d"}, {"_id": 0, "pages": 1}) == {"pages": 2}
        assert await letters.find_one({"_id": "d"}, {"pages": 0}) == {"_id": "d", "version": 1}

    async def test_missing_values_come_first(self, stores: Stores) -> None:
        letters = await self._fill(stores)
        found = await letters.find({}, sort=[("tray.no", 1), ("_id", 1)]).to_list(None)
        assert [document["_id"] for document in found] == ["c", "d", "a", "b"]

    async def test_what_is_asked_for_at_once_is_found_for_each(self, stores: Stores) -> None:
        await self._fill(stores)
        await stores.store().commit(
            Changes(writes=[Write("drawers", {"_id": "a", "version": 1, "pages": 9}, None)])
        )
        gets = Gets(Places(stores.database()))
        asked = (("letters", "ab"), ("letters", "bz"), ("drawers", "az"), ("boxes", "a"))
        found = await asyncio.gather(*(gets.documents(name, "", ids) for name, ids in asked))
        assert [{id_: one["pages"] for id_, one in each.items()} for each in found] == [
            {"a": 3, "b": 1},
            {"b": 1},
            {"a": 9},
            {},
        ]
        assert await gets.documents("letters", "", []) == {}
