"""Master keys by command: `keys new`, `rotate`, `rewrap`, `retire` and `list`.

A rotation is: a new master key on top of the file, every resident's key wrapped by it anew, the old
master key out of the file. The service runs meanwhile: it reads the file again when it changes, and
opens with every key in it. Each step may be cut off and run again.
"""

import argparse
import time
from pathlib import Path
from typing import Final

from services.intake.app import Desk, vault_of
from services.intake.cli.shell import CommandRefused, Themes, add_by, once
from services.intake.usecases import rewrap
from shared.sealing.masterkeys import add_key, load, remove_key

PAGE: Final = 200
"""Keys in one transaction."""
SETTLED: Final = 60
"""Seconds for which the file must not have changed before a key is retired: a request that began
under the old key is answered long before, so that none can be stored under it any more."""


def add_commands(themes: Themes) -> None:
    """Add the commands about master keys."""
    keys = themes.add_parser("keys", help="the master keys that wrap residents' keys")
    commands = keys.add_subparsers(required=True)
    fresh = commands.add_parser("new", help="put a new master key on top of a file, or make one")
    fresh.add_argument("--file", type=Path, required=True)
    fresh.set_defaults(run=new)
    rotate = commands.add_parser("rotate", help="a new master key, and all keys wrapped by it")
    rotate.set_defaults(run=_rotate)
    again = commands.add_parser("rewrap", help="wrap all keys by the newest master key")
    again.set_defaults(run=_rewrap)
    retire = commands.add_parser("retire", help="take a master key that wraps nothing out")
    retire.add_argument("--key", required=True, metavar="ID")
    retire.add_argument("--file", type=Path, help="where the file is not that of the settings")
    retire.set_defaults(run=_retire)
    for changing in (rotate, again, retire):
        add_by(changing)
    commands.add_parser("list", help="master keys and what they wrap").set_defaults(run=_list)


def new(options: argparse.Namespace) -> list[str]:
    """Put a new key on top of the file; it needs no database."""
    return [f"new master key {add_key(options.file)}"]


async def _rotate(options: argparse.Namespace, desk: Desk) -> list[str]:
    """Add a key, unless an earlier rotation has not come to its end: then that one goes on."""
    newest = load(desk.settings.sealing_keys).newest
    if await desk.reader.keys_not_under(newest, limit=1):
        return [f"going on under {newest}", *await _rewrap(options, desk)]
    said = f"new master key {add_key(desk.settings.sealing_keys)}"
    return [said, *await _rewrap(options, desk)]


async def _rewrap(options: argparse.Namespace, desk: Desk) -> list[str]:
    newest, many = load(desk.settings.sealing_keys).newest, 0
    vault = vault_of(desk.settings)
    while keys := await desk.reader.keys_not_under(newest, limit=PAGE):
        ids = tuple(key.id for key in keys)
        outcome = await desk.commands.run(
            lambda uow, ids=ids: rewrap(ids, uow, vault),  # type: ignore[misc]
            sent=once(options.by, "keys rewrap"),
            key="keys",
        )
        many += outcome.answer
    return [f"{many} keys wrapped by {newest}"]


async def _retire(options: argparse.Namespace, desk: Desk) -> list[str]:
    file: Path = options.file or desk.settings.sealing_keys
    if left := await desk.reader.keys_under(options.key):
        raise CommandRefused(f"{options.key} wraps {left} keys: rewrap first")
    if _changed_lately(file):
        raise CommandRefused(f"the file has changed within {SETTLED} s: a request may be under way")
    remove_key(file, options.key)
    await desk.commands.run(
        _nothing, sent=once(options.by, f"keys retire {options.key}"), key="keys"
    )
    return [f"retired {options.key}"]


def _changed_lately(file: Path) -> bool:
    return time.time() - file.stat().st_mtime < SETTLED


async def _nothing(_: object) -> None:
    """Change nothing: the action alone is kept."""


async def _list(_: argparse.Namespace, desk: Desk) -> list[str]:
    ids = load(desk.settings.sealing_keys).ids
    return [f"{id_}: wraps {await desk.reader.keys_under(id_)} keys" for id_ in ids]
