"""SOPs by command: `sop publish`, `show`, `diff` and `publish-shipped`.

A file holds the SOP of one programme. `diff` shows what publishing it would change, field by field,
so that somebody can read it before it counts.
"""

import argparse
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from services.intake.api.sop import SopBody, answered
from services.intake.app import Desk
from services.intake.cli.beside import Publishing
from services.intake.cli.shell import CommandRefused, Themes, json_object
from services.intake.domain import Programme, Refused
from services.intake.domain.sop import Sop, sop_id
from services.intake.usecases.sop import publish_sop, publish_sop_if_missing
from shared.contracts.event import ProgrammeId
from shared.runtime import add_account

_PUBLISHING: Final = Publishing("sop", "SOP")
FOLDER: Final = Path(__file__).parents[1] / "sops"
_NAMES: Final = ("state", "step")
"""What a part of a list is called by in a diff."""


class SopFile(SopBody):
    """An SOP as a file holds it."""

    programme_id: ProgrammeId


def add_commands(themes: Themes) -> None:
    """Add the commands about SOPs."""
    sops = themes.add_parser("sop", help="who may do what in which state, and for how long")
    commands = sops.add_subparsers(required=True)
    publish = commands.add_parser("publish", help="publish SOPs as their files describe them")
    publish.add_argument("files", type=Path, nargs="+", metavar="FILE")
    publish.set_defaults(run=_publish)
    add_account(publish)
    show = commands.add_parser("show", help="print an SOP as a file holds it")
    show.add_argument("programme", metavar="ID")
    show.add_argument("--version", type=int, help="the one that counts, unless one is named")
    show.set_defaults(run=_show)
    diff = commands.add_parser("diff", help="what publishing a file would change")
    diff.add_argument("file", type=Path, metavar="FILE")
    diff.set_defaults(run=_diff)
    shipped = commands.add_parser(
        "publish-shipped", help="publish ours where a programme of ours has no SOP yet"
    )
    shipped.set_defaults(run=_publish_shipped)


def shipped_sops() -> list[Sop]:
    """Return the SOPs that come with intake."""
    return [read(file) for file in sorted(FOLDER.glob("*.json"))]


def read(file: Path) -> Sop:
    """Return the SOP of a file.

    Raises CommandRefused where it is no JSON object, ValidationError naming a field that is wrong,
    and OSError.
    """
    whole = SopFile.model_validate_json(json.dumps(json_object(file)))
    return whole.sop(whole.programme_id)


async def publish_shipped(desk: Desk) -> list[str]:
    """Publish ours where one of our programmes is there and has none."""
    return await _PUBLISHING.ours(shipped_sops(), desk, publish_sop_if_missing)


async def _publish_shipped(_: argparse.Namespace, desk: Desk) -> list[str]:
    return await publish_shipped(desk)


async def _publish(options: argparse.Namespace, desk: Desk) -> list[str]:
    wanted = [read(file) for file in options.files]
    return [await _PUBLISHING.one(one, desk, options.by, publish_sop) for one in wanted]


async def _show(options: argparse.Namespace, desk: Desk) -> list[str]:
    found = await _kept(options.programme, options.version, desk)
    if found is None:
        raise CommandRefused(f"{options.programme}: no such SOP is published")
    shown = answered(found).model_dump(mode="json", exclude={"version"})
    return json.dumps(shown, indent=2, ensure_ascii=False).splitlines()


async def _diff(options: argparse.Namespace, desk: Desk) -> list[str]:
    wanted = read(options.file)
    programme = await desk.reader.get(Programme, wanted.programme_id)
    if programme is None:
        raise CommandRefused(f"{wanted.programme_id}: no such programme is published")
    try:
        wanted.require_fit(programme)
    except Refused as refused:
        raise CommandRefused(f"{options.file.name}: {refused}") from None
    known = await _kept(wanted.programme_id, None, desk)
    counts = f"SOP {known.version}" if known else "no SOP"
    title = f"{wanted.programme_id}: {counts} counts, {options.file.name} would change"
    lines = list(differences(known, wanted))
    return [title, *lines] if lines else [f"{title} nothing"]


def differences(before: Sop | None, after: Sop) -> Iterator[str]:
    """Yield what is new (`+`), gone (`-`) and changed (`~`), field by field."""
    old, new = _fields(before), _fields(after)
    for field in sorted({*old, *new}):
        was, is_ = old.get(field), new.get(field)
        if was is None:
            yield f"+ {field}: {is_}"
        elif is_ is None:
            yield f"- {field}: {was}"
        elif was != is_:
            yield f"~ {field}: {was} -> {is_}"


def _fields(sop: Sop | None) -> Mapping[str, str]:
    if sop is None:
        return {}
    said = answered(sop).model_dump(mode="json", exclude={"version", "programme_id"})
    return dict(_flat("", said))


def _flat(at: str, said: Any) -> Iterator[tuple[str, str]]:
    """Yield each field by its way there; parts of a list by what they are about."""
    if isinstance(said, dict):
        for name, value in said.items():
            if name not in _NAMES:
                yield from _flat(f"{at}/{name}" if at else name, value)
    elif isinstance(said, list) and said and isinstance(said[0], dict):
        for one in said:
            name = next(one[name] for name in _NAMES if name in one)
            yield from _flat(f"{at}/{name}", one)
    elif said not in (None, []):
        yield at, ", ".join(said) if isinstance(said, list) else str(said)


async def _kept(programme_id: str, version: int | None, desk: Desk) -> Sop | None:
    programme = await desk.reader.get(Programme, programme_id)
    wanted = version or (programme.sop_version if programme else None)
    return await desk.reader.get(Sop, sop_id(programme_id, wanted)) if wanted else None
