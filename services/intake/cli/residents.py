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

from services.intake.app import Desk, vault_of
from services.intake.cli.handover import (
    add_options,
    hand_over,
    papers_and_trail,
    require_request,
)
from services.intake.cli.shell import CommandRefused, Themes, public_text
from services.intake.domain import (
    Case,
    Lookup,
    LookupKeys,
    Programme,
    Refused,
    Resident,
    ResidentKey,
    Statement,
    case_of,
    checked_nik,
)
from services.intake.gateways import ErasureList
from services.intake.usecases import erase_again, erase_resident, note_person_read, opened
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
    erase = commands.add_parser("erase", help="destroy a resident's key, for ever")
    erase.add_argument("--resident", required=True, metavar="ID")
    add_account(erase, "--requested-by", "who asks for it")
    add_account(erase, "--approved-by", "who approves it: somebody else")
    erase.set_defaults(run=_erase)
    apply = commands.add_parser(
        "apply-erasures", help="erase again who was erased; after a restore"
    )
    apply.set_defaults(run=_apply_erasures)
    retention = commands.add_parser("retention", help="erase whose time is over in a programme")
    retention.add_argument("--programme", required=True, metavar="ID")
    retention.add_argument("--dry-run", action="store_true", help="say who, and erase nobody")
    retention.set_defaults(run=_retention)
    for changing in (export, apply, retention):
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

    async def noted(uow: UnitOfWork) -> None:
        for said in resident.said:
            case_id, why = case_of(said), options.reason
            await note_person_read(options.by, case_id, _EXPORT, uow, why)

    # The look is kept before anything is shown.
    await desk.commands.run(noted, sent=sent_by(options.by, _EXPORT), key=resident.id)
    held = {
        "resident_id": resident.id,
        "programme_id": resident.programme_id,
        "last_case_at": resident.last_case_at,
        "erased_at": resident.erased_at,
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
        "said": {**told.person.said, **({"reason": told.reason} if told.reason else {})},
        "is": [party for party, id_ in case.parties.items() if id_ == resident.id],
        "case": {name: v for name, v in asdict(case).items() if name not in _NOT_SHOWN},
        "state": case.state,
        "looked_at": [asdict(read) for read in await desk.reader.reads_of(case.id)],
        **await papers_and_trail(case, desk),
    }


async def _access_log(options: argparse.Namespace, desk: Desk) -> list[str]:
    case = await _case(options.case, desk)
    return [
        json.dumps(
            {"at": read.at, "who": read.subject, "what": read.route, "why": read.reason},
            default=_plain,
        )
        for read in await desk.reader.reads_of(case.id)
    ]


async def _erase(options: argparse.Namespace, desk: Desk) -> list[str]:
    if options.requested_by == options.approved_by:
        raise CommandRefused("who asks for an erasure does not approve it")
    resident = await _resident(options.resident, desk)
    action = f"residents erase, requested by {options.requested_by}"
    await _erased(resident.id, desk, options.requested_by, options.approved_by, action)
    return [f"erased {resident.id}: {len(resident.said)} cases stay"]


async def _erased(id_: str, desk: Desk, requested_by: str, approved_by: str, action: str) -> None:
    """Note the erasure, then carry it out: cut off between, `apply-erasures` ends it."""
    _erasures(desk).add(id_, desk.clock(), requested_by, approved_by)
    await desk.commands.run(
        lambda uow: erase_resident(id_, uow), sent=sent_by(approved_by, action), key=id_
    )


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
    before = desk.clock() - timedelta(days=programme.retention_days)
    lines = []
    async for resident in _over(programme.id, before, desk):
        lines.append(f"{resident.id}: {len(resident.said)} cases")
        if not options.dry_run:
            await _erased(resident.id, desk, f"programme:{programme.id}", options.by, "retention")
    done = "would be erased" if options.dry_run else "erased"
    return [*lines, f"{len(lines)} {done}: no case since {before:%Y-%m-%d}"]


async def _over(programme_id: str, before: datetime, desk: Desk) -> AsyncIterator[Resident]:
    """Yield the residents whose cases were all closed before."""
    after = ""
    while page := await desk.reader.residents_until(programme_id, before, after, _PAGE):
        for resident in page:
            cases = [await desk.reader.get(Case, case_of(said)) for said in resident.said]
            ends = [case.closed_at for case in cases if case is not None]
            if all(end is not None and end < before for end in ends):
                yield resident
        after = page[-1].id


def _erasures(desk: Desk) -> ErasureList:
    if desk.settings.erasure_list is None:
        raise CommandRefused("INTAKE_ERASURE_LIST is not set: where the erased are noted")
    return ErasureList(desk.settings.erasure_list)


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
