"""What is handed to a person who asks for his data: as data, to read, and the papers themselves.

UU 27/2022 articles 7 and 32: access, with the trail of the processing. With it the request in the
register is answered.
"""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from services.intake.app import Desk, frame_of, vault_of
from services.intake.cli.shell import CommandRefused, new_folder
from services.intake.domain import (
    Case,
    CaseDocument,
    CasePapers,
    Checklist,
    Party,
    Programme,
    Resident,
    ResidentKey,
    Right,
    RightsOutcome,
    RightsRequest,
)
from services.intake.domain.batch import Batch
from services.intake.domain.outside import Errand
from services.intake.domain.survey import Element, Survey
from services.intake.domain.visit import Visit
from services.intake.usecases import answer_rights_request, opened_key
from services.intake.usecases.surveys import comment_on
from shared.files.frames import opened
from shared.files.stored import StoredFile
from shared.runtime import sent_by

REASON: Final = "Salinan data dan jejak pemrosesan dibuat untuk diserahkan"
"""Why the request counts as answered."""
_SUFFIX: Final = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "application/pdf": "pdf",
}


def add_options(export: argparse.ArgumentParser) -> None:
    """Have the export ask where it is written to and which request it answers."""
    export.add_argument(
        "--out", type=Path, metavar="FOLDER", help="a new folder: JSON, a page to read, papers"
    )
    export.add_argument(
        "--request", metavar="ID", help="the request in the register that this answers"
    )


async def require_request(options: argparse.Namespace, desk: Desk) -> None:
    """Refuse, before anything is opened, a request that this does not answer."""
    if options.request is None:
        return
    if options.out is None:
        raise CommandRefused("--request is answered with --out: what is handed over")
    request = await desk.reader.get(RightsRequest, options.request)
    if request is None:
        raise CommandRefused("no such request in the register")
    if (request.right, request.resident_id) != (Right.ACCESS, options.resident):
        raise CommandRefused("the request asks for something else, or is another resident's")
    if request.outcome is not None:
        raise CommandRefused("the request was answered before")


@contextmanager
def into_folder(options: argparse.Namespace) -> Iterator[None]:
    """Make the folder that is written to, before anything is noted or opened. Raises OSError.

    Where nothing came into it, it is gone afterwards: the same command can be given again.
    """
    if options.out is not None:
        new_folder(options.out)
    try:
        yield
    finally:
        if options.out is not None:
            with suppress(OSError):
                options.out.rmdir()


async def papers_and_trail(case: Case, desk: Desk) -> dict[str, Any]:
    """Return a case's papers without content, and who worked on it: when, and by what."""
    papers = await desk.reader.get(CasePapers, case.id) or CasePapers(case.id)
    kept = await desk.reader.get(CaseDocument, case.id)
    return {
        "document": asdict(kept.document) if kept and kept.document else None,
        # Whose a paper of a visit is may be somebody else of the case.
        "papers": [
            {name: said for name, said in asdict(paper).items() if name != "of"}
            for paper in papers.papers
        ],
        "worked_on": list(await desk.reader.worked_on(case.id)),
        **await _beside(case, desk),
    }


async def survey_of(case: Case, resident: Resident, desk: Desk) -> dict[str, Any] | None:
    """Return what a resident answered about a case that he asked for; None where he did not."""
    kept = await desk.reader.get(Survey, case.id)
    if kept is None or case.parties.get(Party.APPLICANT) != resident.id:
        return None
    comment = await comment_on(case, desk.reader, vault_of(desk.settings))
    return {**asdict(kept), "comment": comment}


async def _beside(case: Case, desk: Desk) -> dict[str, Any]:
    """Return what other places hold of a case: who collected, what was seen, waived, passed on."""
    reader = desk.reader
    batch = await reader.get(Batch, case.batch_id) if case.batch_id else None
    visit = await reader.get(Visit, case.visit_id) if case.visit_id else None
    errand = await reader.get(Errand, case.id)
    checklist = await reader.get(Checklist, case.id)
    collected = batch.collected.get(case.id) if batch else None
    return {
        "collected": asdict(collected) if collected else None,
        "counter": asdict(visit.counter) if visit and visit.counter else None,
        "outside": asdict(errand) if errand else None,
        "seen": [asdict(look) for look in checklist.seen] if checklist else [],
        "waived": [asdict(waiver) for waiver in checklist.waivers] if checklist else [],
    }


async def hand_over(
    options: argparse.Namespace, held: Mapping[str, Any], resident: Resident, desk: Desk
) -> list[str]:
    """Write what is handed over into its new folder, and answer the request in the register."""
    folder: Path = options.out
    said = json.dumps(held, default=_plain, indent=2, ensure_ascii=False)
    (folder / "data.json").write_text(f"{said}\n", "utf-8")
    (folder / "data-pribadi.html").write_text(await _page(held, desk), "utf-8")
    papers = [
        name for case in held["cases"] for name in await _papers(case, folder, resident, desk)
    ]
    lines = [f"written to {folder}: {', '.join(['data.json', 'data-pribadi.html', *papers])}"]
    return [*lines, *(await _answered(options, desk))]


async def _answered(options: argparse.Namespace, desk: Desk) -> list[str]:
    if options.request is None:
        return []
    outcome = await desk.commands.run(
        lambda uow: answer_rights_request(
            options.request, RightsOutcome.GRANTED, REASON, uow, allow=lambda *_: None
        ),
        sent=sent_by(options.by, "residents export"),
        key=options.request,
    )
    late = ", after its deadline" if outcome.answer["missed"] else ""
    return [f"request {options.request} is answered{late}"]


async def _page(held: Mapping[str, Any], desk: Desk) -> str:
    """Return the same as a page in Bahasa Indonesia that needs nothing beside it."""
    programme = await desk.reader.get(Programme, str(held["programme_id"]))
    services = programme.catalogue if programme else {}
    frame = frame_of(desk.settings.path_prefix)
    asked = programme.survey_questions if programme else ()
    return frame.fragment(
        "salinan.html",
        held=held,
        programme=programme,
        zone=programme.time_zone if programme else "Asia/Jakarta",
        services={code: service.name for code, service in services.items()},
        questions={
            **{one.value: frame.texts(f"survey.element.{one}") for one in Element},
            **{one.code: one.text for one in asked},
        },
        made_at=desk.clock(),
        word=lambda theme, name: (
            frame.texts(f"copy.{theme}.{name}") if f"copy.{theme}.{name}" in frame.texts else name
        ),
    )


async def _papers(
    case: Mapping[str, Any], folder: Path, resident: Resident, desk: Desk
) -> Sequence[str]:
    """Write papers and document that are sealed with this resident's key: of whoever applied."""
    if Party.APPLICANT not in case["is"]:
        return []
    names = []
    for number, paper in enumerate(case["papers"], start=1):
        suffix = _SUFFIX.get(paper["type"], "bin")
        name = f"berkas-{case['case']['id']}-{number}.{suffix}"
        await _paper(str(paper["id"]), folder / name, resident, desk)
        names.append(name)
    if case["document"] is not None:
        names.append(f"dokumen-{case['case']['id']}.pdf")
        await _paper(str(case["document"]["id"]), folder / names[-1], resident, desk)
    return names


async def _paper(file_id: str, place: Path, resident: Resident, desk: Desk) -> None:
    file = await desk.reader.get(StoredFile, file_id)
    owner = await desk.reader.get(ResidentKey, resident.id)
    if file is None or owner is None:
        raise CommandRefused(f"paper {file_id} is not there")
    key = opened_key(file, owner, vault_of(desk.settings))
    with place.open("wb") as out:
        async for piece in opened(desk.frames, key, file.id, file.part):
            out.write(piece)


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else str(value)
