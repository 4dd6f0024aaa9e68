"""A school's roster: checked, recorded as a visit with one request for each pupil, and its slips.

What a check prints names rows, columns and reasons, never what stands there.
"""

import argparse
from pathlib import Path
from typing import Any, Final

from services.intake.app import Desk, frame_of, recorder_of, vault_of
from services.intake.cli.shell import CommandRefused, Themes, by_shell, public_text
from services.intake.domain import (
    AlreadyOpen,
    Case,
    ChannelCannot,
    Party,
    Programme,
    Refused,
    local_day,
)
from services.intake.domain.roster import Fault, Roster, list_text, read_roster
from services.intake.domain.visit import Visit
from services.intake.usecases import InVisit, NewVisit, note_person_read, told_of
from services.intake.usecases.rosters import (
    ROSTER_SERVICE,
    ForClass,
    Slip,
    record_roster,
    slip_of,
)
from shared.messaging.unit_of_work import UnitOfWork
from shared.runtime import Sent, add_account, sent_by
from shared.sealing.private import replace_private
from shared.web.texts import Texts

_SLIPS: Final = "roster slips"


def add_commands(themes: Themes) -> None:
    """Add the commands about rosters."""
    roster = themes.add_parser("roster", help="a class's pupils: check, record, print slips")
    commands = roster.add_subparsers(required=True)
    check = commands.add_parser("check", help="name every wrong cell, and record nothing")
    record = commands.add_parser("record", help="record a request for each pupil with consent")
    for one, run in ((check, _check), (record, _record)):
        one.add_argument("file", type=Path, metavar="FILE")
        one.add_argument("--programme", required=True, metavar="ID")
        one.set_defaults(run=run)
    record.add_argument("--channel", required=True)
    record.add_argument("--event", metavar="ID")
    record.add_argument("--region", required=True, metavar="CODE", help="where the pupils live")
    record.add_argument("--service", default=ROSTER_SERVICE, metavar="CODE")
    record.add_argument("--variant", metavar="CODE", help="an entry of the catalogue")
    record.add_argument("--under-five", metavar="CODE", help="the entry for who is under five")
    slips = commands.add_parser("slips", help="a page to print: what each pupil has yet to bring")
    slips.add_argument("--visit", required=True, metavar="ID")
    slips.add_argument("--out", type=Path, required=True, metavar="FILE")
    slips.add_argument("--reason", type=public_text, help="for the access log; it names nobody")
    slips.set_defaults(run=_slips)
    for one in (record, slips):
        add_account(one)


async def _check(options: argparse.Namespace, desk: Desk) -> list[str]:
    _, roster, _ = await _read(options, desk)
    texts = frame_of(desk.settings.path_prefix).texts
    return [*(_named(fault, texts) for fault in roster.faults), *_summed(roster, texts)]


async def _record(options: argparse.Namespace, desk: Desk) -> list[str]:
    programme, roster, content = await _read(options, desk)
    texts = frame_of(desk.settings.path_prefix).texts
    if not roster.ready:
        lines = [_named(fault, texts) for fault in roster.faults]
        raise CommandRefused("\n".join([*lines, *_summed(roster, texts)]))
    asked, visit = _visit(options, roster, programme, desk)
    try:
        answer = await _recorded(asked, visit, options, content, desk)
    except InVisit as refused:
        raise CommandRefused(_why(refused, roster)) from None
    lines = [f"{one['case_id']}: {', '.join(one['warnings']) or '-'}" for one in answer["cases"]]
    return [f"visit {answer['visit_id']}", *lines, *_summed(roster, texts)]


async def _read(options: argparse.Namespace, desk: Desk) -> tuple[Programme, Roster, str]:
    programme = await desk.reader.get(Programme, options.programme)
    if programme is None:
        raise CommandRefused("no such programme")
    try:
        content = list_text(options.file.read_bytes())
    except Refused as refused:
        raise CommandRefused(f"{options.file.name}: {refused.detail}") from None
    return programme, read_roster(content, local_day(desk.clock(), programme.time_zone)), content


def _named(fault: Fault, texts: Texts) -> str:
    words = texts(f"roster.fault.{fault.reason}")
    return texts("roster.at", row=fault.row, column=fault.column or "-", words=words)


def _summed(roster: Roster, texts: Texts) -> list[str]:
    rows = ", ".join(map(str, roster.without_consent)) or "-"
    good = len(roster.consented)
    return [texts("roster.summed", good=good, faults=len(roster.faults), without=rows)]


def _visit(
    options: argparse.Namespace, roster: Roster, programme: Programme, desk: Desk
) -> tuple[ForClass, NewVisit]:
    if not desk.regions.known(options.region):
        raise CommandRefused("--region: no region of the register has this code")
    asked = ForClass(
        programme_id=programme.id,
        channel=options.channel,
        region_code=options.region,
        event_id=options.event,
        service=options.service,
        variant=options.variant,
        under_five=options.under_five,
    )
    return asked, asked.visit(roster, local_day(desk.clock(), programme.time_zone))


async def _recorded(
    asked: ForClass, visit: NewVisit, options: argparse.Namespace, content: str, desk: Desk
) -> dict[str, Any]:
    """Record the visit; the same file for the same event once more brings the same answer."""
    recorder = recorder_of(desk.settings, desk.reader)
    print_ = asked.print_of(content, recorder.lookups)
    outcome = await desk.commands.run(
        lambda uow: record_roster(visit, uow, recorder=recorder, allow=by_shell),
        sent=Sent(print_, print_, actor=options.by, action="roster record"),
        key=visit.id,
    )
    answer: dict[str, Any] = outcome.answer
    return answer


def _why(refused: InVisit, roster: Roster) -> str:
    match refused.cause:
        case Refused(detail=detail):
            why = detail
        case AlreadyOpen(case_id=case_id):
            why = f"already open: {case_id}"
        case ChannelCannot(instead=instead):
            why = instead
        case cause:
            raise cause
    return f"row {roster.consented[refused.index].row}: {why}"


async def _slips(options: argparse.Namespace, desk: Desk) -> list[str]:
    visit = await desk.reader.get(Visit, options.visit)
    if visit is None:
        raise CommandRefused("no such visit")
    programme = await desk.reader.get(Programme, visit.programme_id)

    async def noted(uow: UnitOfWork) -> None:
        for case_id in visit.case_ids:
            await note_person_read(options.by, case_id, _SLIPS, uow, options.reason)

    # The look is kept before anything is shown.
    await desk.commands.run(noted, sent=sent_by(options.by, _SLIPS), key=visit.id)
    slips = [await _slip(case_id, programme, desk) for case_id in visit.case_ids]
    page = frame_of(desk.settings.path_prefix).fragment(
        "slip.html", slips=[one for one in slips if one is not None], programme=programme
    )
    replace_private(options.out, page)
    return [f"{len(slips)} slips in {options.out}"]


async def _slip(case_id: str, programme: Programme | None, desk: Desk) -> Slip | None:
    """Return one pupil's slip; None where he is erased."""
    case = await desk.reader.get(Case, case_id)
    if case is None:
        return None
    told = await told_of(case, Party.APPLICANT, desk.reader, vault_of(desk.settings))
    recorder = recorder_of(desk.settings, desk.reader)
    return await slip_of(case, {Party.APPLICANT: told}, programme, desk.reader, recorder)
