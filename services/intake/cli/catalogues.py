"""Catalogues by command: `catalogues publish`, `show` and `publish-shipped`.

A file holds what one programme says: which entries, what each channel may promise, caps and
complaints. What is the same in the whole country, requirements above all, stands once in
`national.json`.
"""

import argparse
import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import Field

from services.intake.api.catalogues import MAX_VERSION, CatalogueBody, answered
from services.intake.app import Desk
from services.intake.cli.beside import Publishing
from services.intake.cli.shell import CommandRefused, Themes, json_object
from services.intake.domain import Catalogue, Programme, catalogue_id
from services.intake.usecases import publish_catalogue, publish_catalogue_if_missing
from shared.contracts.event import ProgrammeId
from shared.runtime import add_account

_PUBLISHING: Final = Publishing("catalogues", "catalogue")
FOLDER: Final = Path(__file__).parents[1] / "catalogues"
NATIONAL: Final = FOLDER / "national.json"
_FIRST: Final[Mapping[str, None]] = {"programme_id": None, "version": None}
"""What is shown above the rest."""


class CatalogueFile(CatalogueBody):
    """A catalogue as it is read, whole."""

    programme_id: ProgrammeId
    version: Annotated[int, Field(ge=1, le=MAX_VERSION)] | None = None
    """The one that was changed into this: where another one counts by now, it is refused."""


def add_commands(themes: Themes) -> None:
    """Add the commands about catalogues."""
    catalogues = themes.add_parser("catalogues", help="publish what each service needs")
    commands = catalogues.add_subparsers(required=True)
    publish = commands.add_parser("publish", help="publish catalogues as their files describe them")
    publish.add_argument("files", type=Path, nargs="+", metavar="FILE")
    publish.set_defaults(run=_publish)
    add_account(publish)
    show = commands.add_parser("show", help="print a catalogue as `publish` takes it")
    show.add_argument("programme", metavar="ID")
    show.set_defaults(run=_show)
    shipped = commands.add_parser(
        "publish-shipped", help="publish ours where a programme of ours has no catalogue yet"
    )
    shipped.set_defaults(run=_publish_shipped)


def shipped_catalogues() -> list[Catalogue]:
    """Return the catalogues that come with intake."""
    return [read(file) for file in sorted(FOLDER.glob("*.json")) if file != NATIONAL]


def read(file: Path) -> Catalogue:
    """Return the catalogue of a file, with what is the same in the whole country.

    Its version is the one that it was changed from, 0 where the file does not say it.

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
    return whole.catalogue(whole.programme_id).numbered(whole.version or 0)


def _whole(entry: Any, known: Mapping[str, Mapping[str, Any]]) -> Any:
    """Return an entry with what the national one of its code says; what is none stays as it is."""
    if not isinstance(entry, dict):
        return entry
    return {**known.get(str(entry.get("code")), {}), **entry}


async def publish_shipped(desk: Desk) -> list[str]:
    """Publish ours where one of our programmes is there and has none."""
    return await _PUBLISHING.ours(shipped_catalogues(), desk, publish_catalogue_if_missing)


async def _publish_shipped(_: argparse.Namespace, desk: Desk) -> list[str]:
    return await publish_shipped(desk)


async def _publish(options: argparse.Namespace, desk: Desk) -> list[str]:
    return [
        await _PUBLISHING.one(
            one, desk, options.by, partial(publish_catalogue, stated=one.version or None)
        )
        for one in map(read, options.files)
    ]


async def _show(options: argparse.Namespace, desk: Desk) -> list[str]:
    programme = await desk.reader.get(Programme, options.programme)
    number = programme.catalogue_version if programme else None
    id_ = catalogue_id(options.programme, number) if number else ""
    found = await desk.reader.get(Catalogue, id_)
    if found is None:
        raise CommandRefused(f"{options.programme}: no catalogue is published")
    shown = {**_FIRST, **answered(found).model_dump(mode="json")}
    return json.dumps(shown, indent=2, ensure_ascii=False).splitlines()
