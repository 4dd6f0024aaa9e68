"""Residents by command: found, exported, who looked at them, erased, and held to retention.

What the law asks of an office at a person's word (UU 27/2022: access with its trail article 32,
end of processing and deletion articles 42 to 44), within 3 x 24 hours.
"""

import argparse
import json
import sys
from collections.abc import AsyncIterator
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Final

from services.intake.app import Desk, erasure_list_of, vault_of
from services.intake.cli.corrections import add_commands as add_correction
from services.intake.cli.handover import (
    add_options,
    hand_over,
    into_folder,
    papers_and_trail,
    require_request,
    survey_of,
)
from services.intake.cli.restriction import add_commands as add_restriction
from services.intake.cli.shell import CommandRefused, Themes, by_shell, public_text
from services.intake.domain import (
    Case,
    Deed,
    Erasure,
    Lookup,
    LookupKeys,
    Programme,
    Refused,
    Resident,
    ResidentKey,
    Statement,
    case_of,
    checked_nik,
    kept_until,
)
from services.intake.gateways import ErasureList
from services.intake.usecases import (
    approve_erasure,
    ask_erasure,
    erase_again,
    note_person_read,
    opened,
    retire,
)
from services.intake.usecases.erasure import decline_erasure
from shared.audit.trail import note
from shared.messaging.unit_of_work import UnitOfWork
from shared.runtime import add_account, sent_by

_PAGE: Final = 200
_NOT_SHOWN: Final = ("tracking", "parties")
"""A secret's hash, and who else is in the case."""
_EXPORT: Final = "residents export"


def add_commands(themes: Themes) -> None:
    """Add the commands about residents."""
    residents = themes.add_parser("residents", help="access, erasure and retention")
    commands = residents.add_subparsers(required=True)
    find = commands.add_parser("find", help="print the id of a case's residents, or of a NIK's")
    find.add_argument("--case", metavar="ID")
    find.add_argument("--programme", metavar="ID", help="the NIK is read from standard input")
    find.set_defaults(run=_find)
    export = commands.add_parser("export", help="print all that is held about a resident, as JSON")
    export.add_argument("--resident", required=True, metavar="ID")
    export.add_argument("--reason", type=public_text, help="for the access log; it names nobody")
    add_options(export)
    export.set_defaults(run=_export)
    log = commands.add_parser("access-log", help="who looked at a case's persons, how and why")
    log.add_argument("--case", required=True, metavar="ID")
    log.set_defaults(run=_access_log)
    erase = commands.add_parser("erase", help="ask that a resident's key be destroyed")
    approve = commands.add_parser(
        "approve", help="approve an erasure: it is done at once, for ever"
    )
    decline = commands.add_parser("decline", help="refuse an erasure; its resident reads why")
    decline.add_argument(
        "--reason", required=True, type=public_text, help="for the resident; it names nobody"
    )
    for one, run in ((erase, _ask), (approve, _approve), (decline, _decline)):
        one.add_argument("--resident", required=True, metavar="ID")
        one.set_defaults(run=run)
    apply = commands.add_parser(
        "apply-erasures", help="erase again who was erased; after a restore"
    )
    apply.set_defaults(run=_apply_erasures)
    retention = commands.add_parser("retention", help="erase whose time is over in a programme")
    retention.add_argument("--programme", required=True, metavar="ID")
    retention.add_argument("--dry-run", action="store_true", help="say who, and erase nobody")
    retention.set_defaults(run=_retention)
    add_restriction(commands)
    add_correction(commands)
    for changing in (export, erase, approve, decline, apply, retention):
        add_account(changing)


async def _find(options: argparse.Namespace, desk: Desk) -> list[str]:
    if (options.case is None) == (options.programme is None):
        raise CommandRefused("--case or --programme is needed, one of them")
    if options.case is not None:
        case = await _case(options.case, desk)
        return [f"{party}: {id_}" for party, id_ in case.parties.items()]
    # Not an argument: the shell's history and the list of processes would hold it.
    nik = _nik(sys.stdin.readline())
    lookups = LookupKeys(*desk.settings.lookup_secrets)
    for hashed in lookups.hashes(options.programme, "resident", f"nik:{nik}"):
        if (way := await desk.reader.get(Lookup, hashed)) is not None:
            return [way.resident_id]
    raise CommandRefused("nobody of this programme has this NIK")


async def _export(options: argparse.Namespace, desk: Desk) -> list[str]:
    resident = await _resident(options.resident, desk)
    await require_request(options, desk)
    with into_folder(options):
        return await _exported(resident, options, desk)


async def _exported(resident: Resident, options: argparse.Namespace, desk: Desk) -> list[str]:
    async def noted(uow: UnitOfWork) -> None:
        for said in resident.said:
            case_id, why = case_of(said), options.reason
            await note_person_read(options.by, case_id, _EXPORT, uow, why)
        reason = (options.reason,) if options.reason else ()
        note(Deed.EXPORTED, resident.id, uow, *reason, actor=options.by)

    # The look is kept before anything is shown.
    await desk.commands.run(noted, sent=sent_by(options.by, _EXPORT), key=resident.id)
    erasure = await desk.reader.get(Erasure, resident.id)
    held = {
        "resident_id": resident.id,
        "programme_id": resident.programme_id,
        "last_case_at": resident.last_case_at,
        "erased_at": resident.erased_at,
        "restriction": asdict(resident.restriction) if resident.restriction else None,
        "erasure": asdict(erasure) if erasure else None,
        "cases": [await _held(said, resident, desk) for said in resident.said],
    }
    if options.out is not None:
        return await hand_over(options, held, resident, desk)
    return [json.dumps(held, default=_plain, indent=2, ensure_ascii=False)]


async def _held(said: str, resident: Resident, desk: Desk) -> dict[str, Any]:
    """Return what is held of one of a resident's cases."""
    key = await desk.reader.get(ResidentKey, resident.id)
    statement = await desk.reader.get(Statement, said)
    case = await _case(case_of(said), desk)
    if key is None or key.destroyed or statement is None:
        raise CommandRefused("the resident's key is not there: restore the keys, or apply-erasures")
    told = opened(key, statement, vault_of(desk.settings))
    return {
        "said": told.fields,
        "said_before": await _before(said, resident, key, desk),
        "is": [party for party, id_ in case.parties.items() if id_ == resident.id],
        "case": {name: v for name, v in asdict(case).items() if name not in _NOT_SHOWN},
        "state": case.state,
        "looked_at": [asdict(read) for read in await desk.reader.reads_of(case.id)],
        "survey": await survey_of(case, resident, desk),
        **await papers_and_trail(case, desk),
    }


async def _before(
    said: str, resident: Resident, key: ResidentKey, desk: Desk
) -> list[dict[str, str]]:
    """Return what corrections of a statement have replaced, the oldest first."""
    found = [
        await desk.reader.get(Statement, former)
        for former in resident.former
        if case_of(former) == said
    ]
    vault = vault_of(desk.settings)
    return [dict(opened(key, one, vault).fields) for one in found if one is not None]


async def _access_log(options: argparse.Namespace, desk: Desk) -> list[str]:
    case = await _case(options.case, desk)
    return [
        json.dumps(
            {"at": read.at, "who": read.subject, "what": read.route, "why": read.reason},
            default=_plain,
        )
        for read in await desk.reader.reads_of(case.id)
    ]


async def _ask(options: argparse.Namespace, desk: Desk) -> list[str]:
    _erasures(desk)
    outcome = await desk.commands.run(
        lambda uow: ask_erasure(options.resident, uow, allow=by_shell),
        sent=sent_by(options.by, "residents erase"),
        key=options.resident,
    )
    return [f"asked: another account approves it until {outcome.answer['until']}"]


async def _approve(options: argparse.Namespace, desk: Desk) -> list[str]:
    _erasures(desk)
    outcome = await desk.commands.run(
        lambda uow: approve_erasure(options.resident, uow, allow=by_shell),
        sent=sent_by(options.by, "residents approve"),
        key=options.resident,
    )
    await _carry_out(options.resident, desk)
    return [f"erased {options.resident}: {len(outcome.answer['cases'])} cases stay"]


async def _decline(options: argparse.Namespace, desk: Desk) -> list[str]:
    await desk.commands.run(
        lambda uow: decline_erasure(options.resident, options.reason, uow, allow=by_shell),
        sent=sent_by(options.by, "residents decline"),
        key=options.resident,
    )
    return ["declined; it may be asked for again"]


async def _carry_out(resident_id: str, desk: Desk) -> None:
    """Carry a decided erasure out; cut off here, the service does it within half a minute."""
    decided = await desk.reader.get(Erasure, resident_id)
    if decided is not None:
        await desk.eraser.carry_out(decided)


async def _apply_erasures(options: argparse.Namespace, desk: Desk) -> list[str]:
    ids, again = _erasures(desk).ids(), 0
    for id_ in ids:
        outcome = await desk.commands.run(
            lambda uow, id_=id_: erase_again(id_, uow),  # type: ignore[misc]
            sent=sent_by(options.by, "residents apply-erasures"),
            key=id_,
        )
        again += outcome.answer
    return [f"{len(ids)} erasures in the list, {again} of them applied now"]


async def _retention(options: argparse.Namespace, desk: Desk) -> list[str]:
    programme = await desk.reader.get(Programme, options.programme)
    if programme is None:
        raise CommandRefused("no such programme")
    if programme.retention_days is None:
        raise CommandRefused(f"{programme.id} states no retention_days")
    days = programme.retention_days
    if not options.dry_run:
        _erasures(desk)
    lines = [
        f"{resident.id}: {len(resident.said)} cases"
        async for resident in _over(programme.id, days, desk)
        if options.dry_run or await _retired(resident.id, options.by, desk)
    ]
    done = "would be erased" if options.dry_run else "erased"
    since = desk.clock() - timedelta(days=days)
    return [*lines, f"{len(lines)} {done}: no case since {since:%Y-%m-%d}"]


async def _retired(resident_id: str, by: str, desk: Desk) -> bool:
    outcome = await desk.commands.run(
        lambda uow: retire(resident_id, uow),
        sent=sent_by(by, "residents retention"),
        key=resident_id,
    )
    if outcome.answer:
        await _carry_out(resident_id, desk)
    return bool(outcome.answer)


async def _over(programme_id: str, days: int, desk: Desk) -> AsyncIterator[Resident]:
    """Yield the residents whose cases were all closed so many days ago."""
    after, before = "", desk.clock() - timedelta(days=days)
    while page := await desk.reader.residents_until(programme_id, before, after, _PAGE):
        for resident in page:
            found = [await desk.reader.get(Case, case_of(said)) for said in resident.said]
            until = kept_until([case for case in found if case is not None], days)
            if until is not None and until <= desk.clock():
                yield resident
        after = page[-1].id


def _erasures(desk: Desk) -> ErasureList:
    erasures = erasure_list_of(desk.settings)
    if erasures is None:
        raise CommandRefused("INTAKE_ERASURE_LIST is not set: where the erased are noted")
    return erasures


async def _resident(id_: str, desk: Desk) -> Resident:
    resident = await desk.reader.get(Resident, id_)
    if resident is None:
        raise CommandRefused("no such resident")
    return resident


async def _case(id_: str, desk: Desk) -> Case:
    case = await desk.reader.get(Case, id_)
    if case is None:
        raise CommandRefused("no such case")
    return case


def _nik(line: str) -> str:
    try:
        return checked_nik(line.strip())
    except Refused as refused:
        raise CommandRefused(refused.detail) from None


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else str(value)
