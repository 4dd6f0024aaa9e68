"""A correction by command: `residents correct`, the right fields as JSON on standard input."""

import argparse
import sys

from pydantic import ValidationError

from services.intake.api.corrections import CorrectionBody
from services.intake.app import Desk, vault_of
from services.intake.cli.shell import CommandRefused, Themes, by_shell
from services.intake.domain import LookupKeys
from services.intake.usecases import Sealing, correct
from shared.runtime import add_account, sent_by


def add_commands(commands: Themes) -> None:
    """Add it to the commands about residents."""
    command = commands.add_parser(
        "correct",
        help="what is right, as JSON on standard input: name, nik, phone, address, birth_date",
    )
    command.add_argument("--resident", required=True, metavar="ID")
    command.set_defaults(run=_correct)
    add_account(command)


async def _correct(options: argparse.Namespace, desk: Desk) -> list[str]:
    # Not arguments: the shell's history and the list of processes would hold them.
    wanted = _wanted(sys.stdin.read())
    by = Sealing(vault_of(desk.settings), LookupKeys(*desk.settings.lookup_secrets))
    outcome = await desk.commands.run(
        lambda uow: correct(options.resident, wanted, uow, by=by, allow=by_shell),
        sent=sent_by(options.by, "residents correct"),
        key=options.resident,
    )
    return [f"corrected in {', '.join(outcome.answer['corrected'])}"]


def _wanted(text: str) -> dict[str, str]:
    try:
        return CorrectionBody.model_validate_json(text).wanted
    except ValidationError as wrong:
        # Without the values: they are a person's.
        fields = sorted({".".join(map(str, one["loc"])) or "body" for one in wrong.errors()})
        raise CommandRefused(f"these are wrong: {', '.join(fields)}") from None
