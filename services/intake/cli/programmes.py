"""Programmes by command: `programmes publish FILE...`, `publish-shipped`, `copy` and `list`."""

import argparse
import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from services.intake.api.fields import require_region
from services.intake.api.programmes import ProgrammeBody
from services.intake.app import Desk, open_desk
from services.intake.config import Settings
from services.intake.domain import Programme
from services.intake.usecases import copy_programme, publish_if_missing, publish_programme
from shared.contracts.envelope import new_id
from shared.contracts.event import ProgrammeId
from shared.contracts.text import holds_number
from shared.messaging.errors import Unavailable
from shared.messaging.group_commit import fingerprint_of
from shared.runtime import Sent
from shared.web.problems import Problem

SHIPPED: Final = Path(__file__).with_name("programmes")
"""The programmes that come with intake, a file each."""
_ITSELF: Final = "service:intake"
"""Who publishes what is shipped: nobody's account, at the first start."""
_ACCOUNT: Final = re.compile(r"[A-Za-z][A-Za-z0-9._:-]{0,63}")
"""As an event's actor is written."""


class ProgrammeFile(ProgrammeBody):
    """A programme as a file holds it."""

    id: ProgrammeId


def main(arguments: Sequence[str], settings: Callable[[], Settings]) -> tuple[int, list[str]]:
    """Run one command; return its exit status and lines, for stderr where it is not 0."""
    options = _parser().parse_args(arguments)
    try:
        return 0, asyncio.run(_run(options, settings()))
    except Problem as problem:
        return _refused(problem.detail or problem.title)
    except ValidationError as error:
        return _refused(_fields(error))
    except Unavailable as away:
        return _refused(f"MongoDB cannot be reached ({away})")
    except OSError as error:
        return _refused(str(error))


def _refused(why: str) -> tuple[int, list[str]]:
    return 1, [f"refused: {why}"]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m services.intake")
    programmes = parser.add_subparsers(required=True).add_parser(
        "programmes", help="publish, copy and list programmes"
    )
    commands = programmes.add_subparsers(required=True)
    publish = commands.add_parser("publish", help="publish programmes as their files describe them")
    publish.add_argument("files", type=Path, nargs="+", metavar="FILE")
    publish.set_defaults(run=_publish)
    shipped = commands.add_parser(
        "publish-shipped", help="publish those programmes of ours that nobody has published yet"
    )
    shipped.set_defaults(run=_publish_shipped)
    copy = commands.add_parser("copy", help="publish a programme under another name and owner")
    copy.add_argument("source", metavar="ID")
    copy.add_argument("target", metavar="NEW_ID")
    copy.add_argument("--name", required=True)
    copy.add_argument("--owner", required=True)
    copy.set_defaults(run=_copy)
    for changing in (publish, copy):
        changing.add_argument(
            "--by", type=_account, required=True, metavar="ACCOUNT", help="who does it"
        )
    commands.add_parser("list", help="list programmes").set_defaults(run=_list)
    return parser


async def _run(options: argparse.Namespace, settings: Settings) -> list[str]:
    async with open_desk(settings) as desk:
        lines: list[str] = await options.run(options, desk)
    return lines


async def _publish(options: argparse.Namespace, desk: Desk) -> list[str]:
    return [
        await _publish_one(wanted, desk, options.by, publish_programme)
        for wanted in _read(options.files, desk)
    ]


async def _publish_shipped(_: argparse.Namespace, desk: Desk) -> list[str]:
    wanted = _read(sorted(SHIPPED.glob("*.json")), desk)
    return [await _publish_one(one, desk, _ITSELF, publish_if_missing) for one in wanted]


def _read(files: Sequence[Path], desk: Desk) -> list[Programme]:
    found = [ProgrammeFile.model_validate_json(file.read_bytes()) for file in files]
    for file in found:
        require_region(desk.regions, file.region_code, "/region_code")
    return [file.programme(file.id) for file in found]


async def _publish_one(
    wanted: Programme, desk: Desk, by: str, publish: Callable[..., Awaitable[int]]
) -> str:
    outcome = await desk.commands.run(
        lambda uow: publish(wanted, uow, allow=_anybody),
        sent=_once(by, "programmes publish"),
        key=wanted.id,
    )
    return f"{wanted.id}: version {outcome.answer}"


async def _copy(options: argparse.Namespace, desk: Desk) -> list[str]:
    outcome = await desk.commands.run(
        lambda uow: copy_programme(
            options.source, options.target, options.name, options.owner, uow, allow=_anybody
        ),
        sent=_once(options.by, "programmes copy"),
        key=options.target,
    )
    return [f"{options.target}: version {outcome.answer}, copied from {options.source}"]


async def _list(_: argparse.Namespace, desk: Desk) -> list[str]:
    return [
        f"{p.id}: {p.name}, {p.owner}, {p.region_code}, version {p.version}"
        for p in await desk.reader.find(Programme)
    ]


def _anybody(_: Programme) -> None:
    """Whoever has the database's password at the shell needs no further right."""


def _once(by: str, action: str) -> Sent:
    return Sent(fingerprint_of("shell", new_id()), "shell", actor=by, action=action)


def _account(text: str) -> str:
    """Return an account id. ArgumentTypeError where it cannot be one."""
    if not _ACCOUNT.fullmatch(text) or holds_number(text):
        raise argparse.ArgumentTypeError(
            "a pseudonymous account id is needed: a letter, then up to 63 letters, digits and "
            ". _ : -, without nine digits in a row"
        )
    return text


def _fields(error: ValidationError) -> str:
    found = error.errors(include_url=False, include_input=False, include_context=False)
    return "; ".join(f"{'.'.join(map(str, part['loc']))}: {part['msg']}" for part in found)
