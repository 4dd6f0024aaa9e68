"""Ten residents erased, yesterday's data put back without yesterday's keys: who can be read."""

import asyncio
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import httpx

from services.intake.domain import ERASED
from shared.sealing.masterkeys import UnknownMasterKey, Wrapped, load
from shared.sealing.seal import DataKey, Unsealable, context
from tests.torture.hostile.stage import until
from tests.torture.privacy.day import Day, at_the_desk
from tests.torture.privacy.office import Office
from tests.torture.privacy.persons import Person

COUNT: Final = 10
APPLIED_WITHIN: Final = 60.0
Copy = Mapping[str, list[dict[str, Any]]]


def erased(office: Office, persons: Sequence[Person], day: Day) -> dict[str, int]:
    """Erase, restore, start again; how many can be read in no way, and the check of the check."""
    residents = {one.number: _resident(office, day.cases[one.number]) for one in persons[:COUNT]}
    _close(office, [day.cases[number] for number in residents])
    yesterday = _copied(office)
    for resident in residents.values():
        for command, by in (("erase", "sri-1"), ("approve", "agus-1")):
            office.command(("residents", command, "--resident", resident, "--by", by))
    office.stack.process("intake").terminate()
    _put_back(office, yesterday)
    restored = _readable(office)
    back = set(residents.values()) & {
        one["resident_id"] for one in office.data("statements").find()
    }
    assert len(back) == len(residents), "the restore brought nothing back: it shows nothing"
    office.stack.start("intake")
    office.stack.await_ready(["intake"])
    told = asyncio.run(_told(office, day))
    stays = persons[COUNT]
    assert told[stays.number] == stays.name, "nobody can be read: it shows nothing"
    readable = restored | _readable(office)
    gone = [
        number
        for number, resident in residents.items()
        if told[number] == ERASED and resident not in readable
    ]
    others = len(readable - set(residents.values()))
    assert others > 0, "nothing opens at all: it shows nothing"
    held = _former(office, set(residents.values()))
    _retired(office)
    return {
        "erased": len(residents),
        "erased_unreadable": len(gone),
        "others_readable": others,
        "erased_keys_in_oplog": held,
        "erased_keys_in_oplog_once_the_master_key_is_retired": _former(
            office, set(residents.values())
        ),
    }


def _close(office: Office, case_ids: Sequence[str]) -> None:
    """Cancel requests: nobody is erased who has an open one."""
    url = f"{office.stack.url('intake')}/api/requests"
    for case_id in case_ids:
        answer = httpx.post(
            f"{url}/{case_id}/steps", json={"step": "cancel"}, headers=at_the_desk(office)
        )
        answer.raise_for_status()


def _resident(office: Office, case_id: str) -> str:
    printed = office.command(("residents", "find", "--case", case_id))
    return printed.strip().removeprefix("applicant: ")


def _copied(office: Office) -> Copy:
    database = office.database
    return {name: list(database[name].find({})) for name in database.list_collection_names()}


def _put_back(office: Office, copy: Copy) -> None:
    database = office.database
    for name in set(copy) | set(database.list_collection_names()):
        database[name].delete_many({})
        if documents := copy.get(name):
            database[name].insert_many(documents)


async def _told(office: Office, day: Day) -> dict[int, str]:
    """Ask the API for the first residents' names, once the erasures of the list are applied."""
    url, names = f"{office.stack.url('intake')}/api/requests", dict[int, str]()
    first = sorted(day.cases)[: COUNT + 1]
    residents = office.data("residents")
    await until(
        lambda: residents.count_documents({"erased_at": {"$ne": None}}) >= COUNT,
        "the list of erasures is applied",
        within=APPLIED_WITHIN,
    )
    async with httpx.AsyncClient(timeout=30) as http:
        for number in first:
            answer = await http.get(f"{url}/{day.cases[number]}", headers=at_the_desk(office))
            names[number] = answer.json()["applicant"]["name"]
    return names


def _readable(office: Office) -> set[str]:
    """Open every sealed field with every key that is there; whose of them opened.

    Where a resident has a key of his own, that one is tried; else those of all others are.
    """
    keys = _unwrapped(office, office.client[f"{office.stack.database('intake')}_keys"])
    readable = set()
    for said in office.data("statements").find({}):
        own = keys.get(said["resident_id"])
        if any(_opens(key, said) for key in ([own] if own else keys.values())):
            readable.add(str(said["resident_id"]))
    return readable


def _unwrapped(office: Office, database: Any) -> dict[str, DataKey]:
    master_keys = load(office.folder / "secrets" / "sealing_keys")
    found = database["resident_keys"].find({"sealed": {"$ne": None}})
    return {
        key["_id"]: master_keys.unwrap(Wrapped(key["master"], key["sealed"]), key["_id"])
        for key in found
    }


def _opens(key: DataKey, said: Mapping[str, Any]) -> bool:
    for name, sealed in said["sealed"].items():
        place = context("resident", said["resident_id"], f"{said['_id']}/{name}")
        with suppress(Unsealable):
            key.open_text(sealed, place)
            return True
    return False


def _former(office: Office, residents: set[str]) -> int:
    """Return whose keys the log of changes still holds in a way that a master key here unwraps."""
    master_keys = load(office.folder / "secrets" / "sealing_keys")
    usable = set()
    for change in office.client["local"]["oplog.rs"].find({}):
        for owner, master, sealed in _wrapped(change):
            if owner in residents:
                with suppress(UnknownMasterKey):
                    master_keys.unwrap(Wrapped(master, sealed), owner)
                    usable.add(owner)
    return len(usable)


def _wrapped(change: Any) -> Iterator[tuple[str, str, str]]:
    """Yield owner, master key and wrapped key, wherever in a change they stand together."""
    if isinstance(change, list):
        for one in change:
            yield from _wrapped(one)
    elif isinstance(change, dict):
        # A file's key stands within its file, has no id of its own, and is nobody's.
        names = ("_id", "master", "sealed")
        if all(isinstance(change.get(name), str) for name in names):
            yield str(change["_id"]), change["master"], change["sealed"]
        for one in change.values():
            yield from _wrapped(one)


def _retired(office: Office) -> None:
    """Rotate the master key and retire the one before, as an office does that cannot wait."""
    file = office.folder / "secrets" / "sealing_keys"
    before = load(file).newest
    office.command(("keys", "rotate", "--by", "admin-1"))
    # A key is not retired within a minute of a change of the file: this file changed long ago.
    os.utime(file, (1, 1))
    office.command(("keys", "retire", "--key", before, "--by", "admin-1"))
