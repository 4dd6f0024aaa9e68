"""Keys of files that are about nobody: sealed by the service's own, and wrapped anew."""

from pathlib import Path

from shared.files.keys import FileKeys
from shared.files.stored import FILES, StoredFile
from shared.messaging.collections import Collections
from shared.messaging.unit_of_work import UnitOfWork
from shared.sealing.masterkeys import MasterKeys, add_key, load, remove_key
from shared.sealing.rewrap import rewrap_each
from shared.sealing.seal import DataKey
from shared.testing.callers import NOW
from shared.testing.messaging import memory_messaging


async def test_keys_are_wrapped_anew_once_and_one_that_is_shut_holds_up_no_other(
    tmp_path: Path,
) -> None:
    file, lost = tmp_path / "keys", tmp_path / "lost"
    add_key(file)
    add_key(lost)
    keys = FileKeys(lambda: load(file))
    secrets = {name: DataKey.generate() for name in ("f-1", "f-2", "f-3")}

    def stored(name: str, master: MasterKeys) -> StoredFile:
        sealed = FileKeys(lambda: master).sealed(secrets[name], name)
        return StoredFile(id=name, purpose="p", about="a", since=NOW, sealed_key=sealed)

    old, other = load(file), load(lost)
    files = [stored("f-1", old), stored("f-2", other), stored("f-3", old)]
    async with memory_messaging("kiosk", collections=Collections(FILES)) as messaging:
        commands = messaging.commands(ValueError)

        async def keep(uow: UnitOfWork) -> None:
            uow.add(*files)

        async def again(uow: UnitOfWork) -> dict[str, list[str]]:
            return await rewrap_each(StoredFile, ["f-0", *secrets], uow, keys.rewrapped)

        await commands.run_own(keep, key="keep")
        new = add_key(file)
        first = await commands.run_own(again, key="keys")
        second = await commands.run_own(again, key="keys")
        remove_key(file, old.newest)

        assert first == {"wrapped": ["f-1", "f-3"], "shut": ["f-2"]}
        assert second == {"wrapped": [], "shut": ["f-2"]}
        kept = messaging.memory.collections["files"]
        assert [kept[name]["sealed_key"]["master"] for name in ("f-1", "f-3")] == [new, new]
        for name in ("f-1", "f-3"):
            assert keys.opened(FILES.decode(kept[name])).secret == secrets[name].secret
