"""`breach`: who read and could have read what between two times, and the two notices drafted.

UU 27/2022 article 46: within 3 x 24 hours the subjects and the agency are told which data were
disclosed, when and how, and what was done. What only people know is left blank and marked.
"""

import argparse
import json
from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from services.intake.app import TEXTS, Desk
from services.intake.cli.shell import CommandRefused, Themes, moment, new_folder
from services.intake.domain import Affected, Programme
from services.intake.usecases import Breach, Question, investigate
from shared.auth.roles import Grant
from shared.web.formats import angka, tanggal_waktu
from shared.web.texts import Texts

_ELSEWHERE: Final = ("scheduler", "courier", "reporting")
"""Services in whose trails there are looks too: at evidence, at jobs."""
_SECOND: Final = timedelta(seconds=1)
_ZONE: Final = "Asia/Jakarta"
"""Of the notice to the agency; each programme's own notice is in its own zone."""


def add_commands(themes: Themes) -> None:
    """Add the command about breaches."""
    breach = themes.add_parser(
        "breach", help="who read, and could have read, what between two times; drafts both notices"
    )
    breach.add_argument("--from", dest="since", type=moment, required=True, metavar="TIME")
    breach.add_argument("--to", dest="until", type=moment, required=True, metavar="TIME")
    breach.add_argument("--account", metavar="ACCOUNT", help="one account alone")
    breach.add_argument("--programme", metavar="ID", help="one programme alone")
    breach.add_argument(
        "--grant",
        dest="grants",
        type=_grant,
        action="append",
        default=[],
        metavar="ROLE:PROGRAMME:REGION",
        help="what a token could do that `shared.auth token` made: the trail does not know it",
    )
    breach.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="a new folder")
    breach.set_defaults(run=_breach)


async def _breach(options: argparse.Namespace, desk: Desk) -> list[str]:
    since = options.since.replace(microsecond=0)
    until = options.until + _SECOND if options.until.microsecond else options.until
    if since >= until:
        raise CommandRefused("--from lies before --to")
    question = Question(
        since,
        until.replace(microsecond=0),
        options.account,
        options.programme,
        tuple(options.grants),
    )
    programmes = {one.id: one for one in await desk.reader.find(Programme)}
    if question.programme is not None and question.programme not in programmes:
        raise CommandRefused("no such programme")
    # Before the work: a folder that is there is not written over.
    new_folder(options.out)
    found = await investigate(question, desk.breaches)
    files = {
        "ringkasan.json": json.dumps(_summary(question, found), indent=2, ensure_ascii=False),
        "kasus-dibaca.txt": _ids(found.read.values()),
        "kasus-dapat-dibaca.txt": _ids(found.could.values()),
        **_notices(question, found, programmes),
    }
    for name, text in files.items():
        (options.out / name).write_text(f"{text}\n" if text else "", "utf-8")
    written = f"written to {options.out}: {', '.join(files)}"
    return [*_told(found), written, *_elsewhere(question)]


def _told(found: Breach) -> list[str]:
    """Return what the command says at once: numbers, and what is wrong with the log."""
    lines = [
        f"{name} {programme}: {len(one.residents)} residents in {len(one.cases)} cases, "
        f"{len(one.children_residents)} of them with specific data (children)"
        for name, places in (("read", found.read), ("within reach", found.could))
        for programme, one in sorted(places.items())
    ]
    if found.unlogged:
        lines.append(
            f"{len(found.unlogged)} looks stand in the trail and not in the access log: "
            "somebody altered it"
        )
    if found.unknown:
        lines.append(
            "the trail gave these accounts no right, so what they could have read is not in here "
            f"unless --grant says it: {', '.join(sorted(found.unknown))}"
        )
    if found.unread:
        lines.append(
            "these entries of the trail about rights, or grants of these accounts, cannot be read, "
            f"so that what they gave is not in here: {', '.join(sorted(found.unread))}"
        )
    return lines or ["nobody read anything, and nobody could have"]


def _elsewhere(question: Question) -> list[str]:
    """Return what to ask the other services: each has a trail of its own."""
    span = f"--from {question.since.isoformat()} --to {question.until.isoformat()}"
    account = f" --account {question.account}" if question.account else ""
    return [
        f"ask also: python -m services.{service} audit acts {span}{account}"
        for service in _ELSEWHERE
    ]


def _summary(question: Question, found: Breach) -> Mapping[str, Any]:
    return {
        "from": question.since.isoformat(),
        "to": question.until.isoformat(),
        "account": question.account,
        "programme": question.programme,
        "grants_told": list(question.grants),
        "read": {id_: one.counted() for id_, one in sorted(found.read.items())},
        "within_reach": {id_: one.counted() for id_, one in sorted(found.could.items())},
        "looks": [
            {"account": account, "by": route, "times": times}
            for (account, route), times in sorted(found.looks.items())
        ],
        "rights": [
            {
                "account": one.account_id,
                "grant": one.grant,
                "since": one.since.isoformat(),
                "until": one.until.isoformat() if one.until else None,
            }
            for one in found.held
        ],
        "looks_missing_in_the_access_log": [
            {"account": account, "case": case_id} for account, case_id in sorted(found.unlogged)
        ],
        "accounts_without_rights_in_the_trail": sorted(found.unknown),
        "rights_that_cannot_be_read": sorted(found.unread),
    }


def _ids(affected: Iterable[Affected]) -> str:
    return "\n".join(sorted(case_id for one in affected for case_id in one.cases))


def _notices(
    question: Question, found: Breach, programmes: Mapping[str, Programme]
) -> Mapping[str, str]:
    """Return the drafts: one to the subjects of each programme, one to the agency."""
    texts = Texts.load(TEXTS)
    drafts = {
        f"pemberitahuan-warga-{id_}.txt": texts(
            "breach.subject",
            owner=programmes[id_].owner,
            programme=programmes[id_].name,
            kinds=_kinds([found.read.get(id_), found.could.get(id_)], texts),
            **_span(question, programmes[id_].time_zone),
        ).strip()
        for id_ in sorted({*found.read, *found.could})
        if id_ in programmes
    }
    sides = {
        name: "\n".join(_lines(places, programmes, texts)) or texts("breach.nobody")
        for name, places in (("read", found.read), ("could", found.could))
    }
    agency = texts(
        "breach.agency",
        kinds=_kinds([*found.read.values(), *found.could.values()], texts),
        accounts=angka(len({account for account, _ in found.looks})),
        looks=angka(found.looks.total()),
        **sides,
        **_span(question, _ZONE),
    ).strip()
    return {**drafts, "pemberitahuan-komdigi.txt": agency}


def _span(question: Question, zone: str) -> Mapping[str, str]:
    return {
        "since": tanggal_waktu(question.since, zone),
        "until": tanggal_waktu(question.until, zone),
    }


def _lines(
    places: Mapping[str, Affected], programmes: Mapping[str, Programme], texts: Texts
) -> Iterable[str]:
    for id_, one in sorted(places.items()):
        programme = programmes.get(id_)
        yield texts(
            "breach.line",
            programme=programme.name if programme else id_,
            residents=angka(len(one.residents)),
            cases=angka(len(one.cases)),
            children=angka(len(one.children_residents)),
            kinds=_kinds([one], texts),
        )


def _kinds(affected: Iterable[Affected | None], texts: Texts) -> str:
    """Return the kinds of data in words, in the order of the alphabet."""
    kinds = {kind for one in affected if one is not None for kind in one.kinds}
    known = (f"breach.kind.{kind}" for kind in sorted(kinds))
    words = [texts(key) if key in texts else key.rpartition(".")[2] for key in known]
    return "; ".join(words) or texts("breach.nothing")


def _grant(text: str) -> str:
    try:
        return str(Grant.parse(text))
    except ValueError as wrong:
        raise argparse.ArgumentTypeError(str(wrong)) from None
