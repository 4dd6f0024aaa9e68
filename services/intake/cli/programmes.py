"""Programmes by command: `programmes list`, `show`, `publish`, `copy` and others."""

import argparse
import json
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from services.intake.api.programme_reads import answered
from services.intake.api.programmes import ProgrammeBody
from services.intake.app import Desk
from services.intake.cli import catalogues, sop
from services.intake.cli.shell import ITSELF, CommandRefused, Themes, by_shell
from services.intake.domain import Programme
from services.intake.usecases import (
    copy_programme,
    publish_if_missing,
    publish_programme,
    republish_programme,
)
from shared.contracts.event import ProgrammeId
from shared.runtime import add_account, add_republish, sent_by

SHIPPED: Final = Path(__file__).parents[1] / "programmes"
"""The programmes that come with intake, a file each."""


class ProgrammeFile(ProgrammeBody):
    """A programme as a file holds it."""

    id: ProgrammeId


def add_commands(themes: Themes) -> None:
    """Add the commands about programmes."""
    programmes = themes.add_parser("programmes", help="publish, copy and list programmes")
    commands = programmes.add_subparsers(required=True)
    publish = commands.add_parser("publish", help="publish programmes as their files describe them")
    publish.add_argument("files", type=Path, nargs="+", metavar="FILE")
    publish.set_defaults(run=_publish)
    shipped = commands.add_parser(
        "publish-shipped",
        help="publish those programmes, catalogues and SOPs of ours that nobody has published yet",
    )
    shipped.set_defaults(run=_publish_shipped)
    copy = commands.add_parser("copy", help="publish a programme under another name and owner")
    copy.add_argument("source", metavar="ID")
    copy.add_argument("target", metavar="NEW_ID")
    copy.add_argument("--name", required=True)
    copy.add_argument("--owner", required=True)
    copy.set_defaults(run=_copy)
    for changing in (publish, copy):
        add_account(changing)
    again = commands.add_parser(
        "republish", help="publish as it stands under a higher version, to right a copy elsewhere"
    )
    add_republish(again)
    again.set_defaults(run=_republish)
    show = commands.add_parser("show", help="print a programme as `publish` takes it")
    show.add_argument("programme", metavar="ID")
    show.set_defaults(run=_show)
    commands.add_parser("list", help="list programmes").set_defaults(run=_list)


async def _publish(options: argparse.Namespace, desk: Desk) -> list[str]:
    lines = []
    for file in _read(options.files, desk):
        publish = partial(publish_programme, stated=file.stated)
        lines.append(await _publish_one(file.programme(file.id), desk, options.by, publish))
    return lines


async def _publish_shipped(_: argparse.Namespace, desk: Desk) -> list[str]:
    wanted = _read(sorted(SHIPPED.glob("*.json")), desk)
    lines = [
        await _publish_one(file.programme(file.id), desk, ITSELF, publish_if_missing)
        for file in wanted
    ]
    return [*lines, *await catalogues.publish_shipped(desk), *await sop.publish_shipped(desk)]


def _read(files: Sequence[Path], desk: Desk) -> list[ProgrammeFile]:
    found = [ProgrammeFile.model_validate_json(file.read_bytes()) for file in files]
    for file in found:
        file.require_places(desk.regions)
    return found


async def _publish_one(
    wanted: Programme, desk: Desk, by: str, publish: Callable[..., Awaitable[int]]
) -> str:
    outcome = await desk.commands.run(
        lambda uow: publish(wanted, uow, allow=by_shell),
        sent=sent_by(by, "programmes publish"),
        key=wanted.id,
    )
    return f"{wanted.id}: version {outcome.answer}"


async def _copy(options: argparse.Namespace, desk: Desk) -> list[str]:
    outcome = await desk.commands.run(
        lambda uow: copy_programme(
            options.source, options.target, options.name, options.owner, uow, allow=by_shell
        ),
        sent=sent_by(options.by, "programmes copy"),
        key=options.target,
    )
    return [f"{options.target}: version {outcome.answer}, copied from {options.source}"]


async def _republish(options: argparse.Namespace, desk: Desk) -> list[str]:
    outcome = await desk.commands.run(
        lambda uow: republish_programme(options.id, options.version, uow),
        sent=sent_by(options.by, "programmes republish"),
        key=options.id,
    )
    return [f"{options.id}: version {outcome.answer}"]


async def _show(options: argparse.Namespace, desk: Desk) -> list[str]:
    found = await desk.reader.get(Programme, options.programme)
    if found is None:
        raise CommandRefused(f"{options.programme}: no such programme is published")
    shown = {"id": found.id, **answered(found).model_dump(mode="json")}
    return json.dumps(shown, indent=2, ensure_ascii=False).splitlines()


async def _list(_: argparse.Namespace, desk: Desk) -> list[str]:
    return [
        f"{p.id}: {p.name}, {p.owner}, {p.region_code}, version {p.version}"
        for p in await desk.reader.find(Programme)
    ]
