"""What residents ask for about their data, by command: `rights record`, `answer` and `list`."""

import argparse
from datetime import datetime
from typing import Final

from services.intake.app import Desk
from services.intake.cli.shell import CommandRefused, Themes, by_shell, moment, public_text
from services.intake.domain import Right, RightsOutcome
from services.intake.usecases import (
    Asked,
    RightsFilter,
    answer_rights_request,
    record_rights_request,
)
from shared.auth.roles import EVERYWHERE
from shared.runtime import add_account, sent_by

SHOWN: Final = 200
"""Requests that are listed; answer those first."""


def add_commands(themes: Themes) -> None:
    """Add the commands about what residents ask for."""
    rights = themes.add_parser("rights", help="what residents ask for by UU 27/2022")
    commands = rights.add_subparsers(required=True)
    record = commands.add_parser("record", help="record a request; its 72 hours run from then")
    record.add_argument("--right", required=True, choices=list(Right))
    record.add_argument("--case", metavar="ID")
    record.add_argument("--resident", metavar="ID", help="of the case: its child, its guardian")
    record.add_argument("--received-at", type=moment, metavar="TIME", help="as on the letter")
    record.set_defaults(run=_record)
    answer = commands.add_parser("answer", help="keep how a request was answered")
    answer.add_argument("--request", required=True, metavar="ID")
    answer.add_argument("--outcome", required=True, choices=list(RightsOutcome))
    answer.add_argument("--reason", required=True, type=public_text, help="it names nobody")
    answer.set_defaults(run=_answer)
    for changing in (record, answer):
        add_account(changing)
    waiting = commands.add_parser("list", help="what waits in a programme, by deadline")
    waiting.add_argument("--programme", required=True, metavar="ID")
    waiting.set_defaults(run=_list)


async def _record(options: argparse.Namespace, desk: Desk) -> list[str]:
    if options.case is None and options.resident is None:
        raise CommandRefused("--case or --resident is needed, or both")
    asked = Asked(Right(options.right), options.case, options.resident, options.received_at)
    outcome = await desk.commands.run(
        lambda uow: record_rights_request(asked, uow, allow=by_shell),
        sent=sent_by(options.by, "rights record"),
        key=options.case or options.resident,
    )
    return [f"{outcome.answer['request_id']}: to be answered by {outcome.answer['due_at']}"]


async def _answer(options: argparse.Namespace, desk: Desk) -> list[str]:
    outcome = await desk.commands.run(
        lambda uow: answer_rights_request(
            options.request, RightsOutcome(options.outcome), options.reason, uow, allow=by_shell
        ),
        sent=sent_by(options.by, "rights answer"),
        key=options.request,
    )
    late = ", after its deadline" if outcome.answer["missed"] else ""
    return [f"{options.request}: {options.outcome}{late}"]


async def _list(options: argparse.Namespace, desk: Desk) -> list[str]:
    everywhere = frozenset({EVERYWHERE})
    found = await desk.reader.rights_requests(
        RightsFilter(options.programme, everywhere, open=True, after=None, limit=SHOWN)
    )
    now: datetime = desk.clock()
    return [
        f"{one.due_at.isoformat()}{' MISSED' if one.due_at < now else ''}: {one.right}, "
        f"case {one.case_id or '-'}, resident {one.resident_id or '-'}, request {one.id}"
        for one in found
    ] or ["nothing waits"]
