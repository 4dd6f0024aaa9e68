"""Restriction by command: `residents restrict` and `residents lift` (UU 27/2022 article 41)."""

import argparse

from services.intake.app import Desk
from services.intake.cli.shell import Themes, by_shell, public_text
from services.intake.usecases import lift_restriction, restrict
from shared.runtime import add_account, sent_by


def add_commands(commands: Themes) -> None:
    """Add them to the commands about residents."""
    stop = commands.add_parser("restrict", help="stop the processing for a resident")
    lift = commands.add_parser("lift", help="let the processing for a resident go on")
    for command, run in ((stop, _restrict), (lift, _lift)):
        command.add_argument("--resident", required=True, metavar="ID")
        command.add_argument(
            "--reason", required=True, type=public_text, help="for the trail; it names nobody"
        )
        command.set_defaults(run=run)
        add_account(command)


async def _restrict(options: argparse.Namespace, desk: Desk) -> list[str]:
    outcome = await desk.commands.run(
        lambda uow: restrict(options.resident, options.reason, uow, allow=by_shell),
        sent=sent_by(options.by, "residents restrict"),
        key=options.resident,
    )
    return [f"restricted since {outcome.answer['since']}"]


async def _lift(options: argparse.Namespace, desk: Desk) -> list[str]:
    await desk.commands.run(
        lambda uow: lift_restriction(options.resident, options.reason, uow, allow=by_shell),
        sent=sent_by(options.by, "residents lift"),
        key=options.resident,
    )
    return ["the restriction is lifted"]
