"""Catalogues by command: `catalogues publish` and `publish-shipped`.

A file holds what one programme says: which entries, what each channel may promise, caps and
complaints. What is the same in the whole country, requirements above all, stands once in
`national.json`.
"""

import argparse
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from services.intake.api.catalogues import CatalogueBody
from services.intake.app import Desk
from services.intake.cli.shell import ITSELF, Themes, by_shell, json_object
from services.intake.domain import Catalogue, Programme
from services.intake.usecases import publish_catalogue, publish_catalogue_if_missing
from shared.contracts.event import ProgrammeId
from shared.runtime import add_account, sent_by

FOLDER: Final = Path(__file__).parents[1] / "catalogues"
NATIONAL: Final = FOLDER / "national.json"


class CatalogueFile(CatalogueBody):
    """A catalogue as it is read, whole."""

    programme_id: ProgrammeId


def add_commands(themes: Themes) -> None:
    """Add the commands about catalogues."""
    catalogues = themes.add_parser("catalogues", help="publish what each service needs")
    commands = catalogues.add_subparsers(required=True)
    publish = commands.add_parser("publish", help="publish catalogues as their files describe them")
    publish.add_argument("files", type=Path, nargs="+", metavar="FILE")
    publish.set_defaults(run=_publish)
    add_account(publish)
    shipped = commands.add_parser(
        "publish-shipped", help="publish ours where a programme of ours has no catalogue yet"
    )
    shipped.set_defaults(run=_publish_shipped)


def shipped_catalogues() -> list[Catalogue]:
    """Return the catalogues that come with intake."""
    return [read(file) for file in sorted(FOLDER.glob("*.json")) if file != NATIONAL]


def read(file: Path) -> Catalogue:
    """Return the catalogue of a file, with what is the same in the whole country.

    Raises CommandRefused where it is no JSON object, ValidationError naming a field that is wrong,
    and OSError.
    """
    national, own = json_object(NATIONAL), json_object(file)
    known = {entry["code"]: entry for entry in national["entries"]}
    entries = own.get("entries")
    if isinstance(entries, list):
        entries = [_whole(entry, known) for entry in entries]
    found: Mapping[str, Any] = {**national, **own, "entries": entries}
    whole = CatalogueFile.model_validate_json(json.dumps(found))
    return whole.catalogue(whole.programme_id)


def _whole(entry: Any, known: Mapping[str, Mapping[str, Any]]) -> Any:
    """Return an entry with what the national one of its code says; what is none stays as it is."""
    if not isinstance(entry, dict):
        return entry
    return {**known.get(str(entry.get("code")), {}), **entry}


async def publish_shipped(desk: Desk) -> list[str]:
    """Publish ours where one of our programmes is there and has none."""
    there = {programme.id for programme in await desk.reader.find(Programme)}
    wanted = [one for one in shipped_catalogues() if one.programme_id in there]
    return await _publish_all(wanted, desk, ITSELF, publish_catalogue_if_missing)


async def _publish_shipped(_: argparse.Namespace, desk: Desk) -> list[str]:
    return await publish_shipped(desk)


async def _publish(options: argparse.Namespace, desk: Desk) -> list[str]:
    wanted = [read(file) for file in options.files]
    return await _publish_all(wanted, desk, options.by, publish_catalogue)


async def _publish_all(
    wanted: Sequence[Catalogue], desk: Desk, by: str, publish: Callable[..., Awaitable[int | None]]
) -> list[str]:
    return [await _publish_one(one, desk, by, publish) for one in wanted]


async def _publish_one(
    wanted: Catalogue, desk: Desk, by: str, publish: Callable[..., Awaitable[int | None]]
) -> str:
    outcome = await desk.commands.run(
        lambda uow: publish(wanted, uow, allow=by_shell),
        sent=sent_by(by, "catalogues publish"),
        key=wanted.programme_id,
    )
    if outcome.answer is None:
        return f"{wanted.programme_id}: no catalogue; ours does not fit the programme as it stands"
    return f"{wanted.programme_id}: catalogue {outcome.answer}"
