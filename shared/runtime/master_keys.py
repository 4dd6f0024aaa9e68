"""Master keys by command, in every service that has a file of them: `keys new`, `rotate`, ...

A rotation is: a new master key on top of the file, every key that the old one wraps wrapped anew,
the old master key out of the file. The service runs meanwhile: it reads the file again when it
changes, and opens with every key in it. Each step may be cut off and run again.
"""

import argparse
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from shared.contracts.actor import add_account
from shared.messaging.unit_of_work import UnitOfWork
from shared.runtime.commands import Commands
from shared.runtime.shell import WITHOUT_DESK, CommandRefused, sent_by
from shared.sealing.masterkeys import add_key, load, remove_key
from shared.sealing.rewrap import Rewrapped

PAGE: Final = 200
"""Keys in one transaction."""
SETTLED: Final = 60
"""Seconds for which the file must not have changed before a key is retired: a request that began
under the old key is answered long before, so that none can be stored under it any more."""


@dataclass(frozen=True, slots=True)
class MasterKeyDesk:
    """A service's file of master keys, and what they wrap."""

    file: Path
    commands: Commands
    under: Callable[[str], Awaitable[int]]
    """How many keys a master key wraps."""
    not_under: Callable[[str, str, int], Awaitable[Sequence[str]]]
    """Whose keys another one wraps: ids behind one, in order, so many at most."""
    rewrap: Callable[[Sequence[str], UnitOfWork], Awaitable[Rewrapped]]


Run = Callable[[argparse.Namespace, MasterKeyDesk], Awaitable[list[str]]]


def add_key_commands(themes: Any, text: str, desk_of: Callable[[Any], MasterKeyDesk]) -> None:
    """Add `keys` to a service's commands; each has in `run` how it is run with the service's desk.

    But for `new`, which runs without one: the first key is made before there are settings.
    """
    commands = themes.add_parser("keys", help=text).add_subparsers(required=True)

    def add(name: str, run: Run, said: str) -> argparse.ArgumentParser:
        command: argparse.ArgumentParser = commands.add_parser(name, help=said)
        command.set_defaults(run=lambda options, desk: run(options, desk_of(desk)))
        return command

    fresh = commands.add_parser("new", help="put a new master key on top of a file, or make one")
    fresh.add_argument("--file", type=Path, required=True)
    fresh.set_defaults(run=_new, **WITHOUT_DESK)
    add_account(add("rotate", _rotate, "a new master key, and all keys wrapped by it"))
    add_account(add("rewrap", _rewrap, "wrap all keys by the newest master key"))
    retire = add("retire", _retire, "take a master key that wraps nothing out")
    retire.add_argument("--key", required=True, metavar="ID")
    retire.add_argument("--file", type=Path, help="where the file is not that of the settings")
    add_account(retire)
    add("list", _list, "master keys and what they wrap")


async def _new(options: argparse.Namespace) -> list[str]:
    return [f"new master key {add_key(options.file)}"]


async def _rotate(options: argparse.Namespace, desk: MasterKeyDesk) -> list[str]:
    """Add a key, unless an earlier rotation has not come to its end: then that one goes on."""
    newest, *older = load(desk.file).ids
    if any([await desk.under(id_) for id_ in older]):
        return [f"going on under {newest}", *await _rewrap(options, desk)]
    said = f"new master key {add_key(desk.file)}"
    return [said, *await _rewrap(options, desk)]


async def _rewrap(options: argparse.Namespace, desk: MasterKeyDesk) -> list[str]:
    """Go through all keys once; what comes meanwhile has the newest already."""
    newest, wrapped, after = load(desk.file).newest, 0, ""
    shut: list[str] = []
    while ids := await desk.not_under(newest, after, PAGE):
        outcome = await desk.commands.run(
            lambda uow, ids=ids: desk.rewrap(ids, uow),  # type: ignore[misc]
            sent=sent_by(options.by, "keys rewrap"),
            key="keys",
        )
        wrapped += len(outcome.answer["wrapped"])
        shut += outcome.answer["shut"]
        after = ids[-1]
    said = f"{wrapped} keys wrapped by {newest}"
    if shut:
        raise CommandRefused(f"{said}; {len(shut)} do not open, the first of them {shut[0]}")
    return [said]


async def _retire(options: argparse.Namespace, desk: MasterKeyDesk) -> list[str]:
    file: Path = options.file or desk.file
    if left := await desk.under(options.key):
        raise CommandRefused(f"{options.key} wraps {left} keys: rewrap first")
    if _changed_lately(file):
        raise CommandRefused(f"the file has changed within {SETTLED} s: a request may be under way")
    remove_key(file, options.key)
    await desk.commands.run(
        _nothing, sent=sent_by(options.by, f"keys retire {options.key}"), key="keys"
    )
    return [f"retired {options.key}"]


def _changed_lately(file: Path) -> bool:
    return time.time() - file.stat().st_mtime < SETTLED


async def _nothing(_: object) -> None:
    """Change nothing: the action alone is kept."""


async def _list(_: argparse.Namespace, desk: MasterKeyDesk) -> list[str]:
    return [f"{id_}: wraps {await desk.under(id_)} keys" for id_ in load(desk.file).ids]
