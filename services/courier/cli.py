"""Commands of courier: `areas set`, `jobs list`, `jobs assign`, and `audit`."""

import argparse
from collections.abc import Callable, Sequence
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from services.courier.api import PAGE, VillageCode
from services.courier.app import definition
from services.courier.config import Settings
from services.courier.domain import Area, Deed, Job, Place
from services.courier.store import CourierReader
from services.courier.usecases import JobFilter, JobPage, give_job, note_read, serve_area
from shared.audit.commands import add_audit_commands
from shared.auth.roles import EVERYWHERE
from shared.contracts.courier import AgentId
from shared.contracts.event import AggregateId, ProgrammeId, TypedNeighbourhoodUnit
from shared.runtime import (
    ServiceDefinition,
    ServiceDesk,
    add_account,
    open_desk,
    run_at_desk,
    sent_by,
)

Desk = ServiceDesk[Settings]
_VILLAGE: Final = TypeAdapter[Any](VillageCode)
_RW: Final = TypeAdapter[Any](TypedNeighbourhoodUnit)
_AGENT: Final = TypeAdapter[Any](AgentId)
_JOB: Final = TypeAdapter[Any](AggregateId)
_PROGRAMME: Final = TypeAdapter[Any](ProgrammeId)


def main(arguments: Sequence[str], settings: Callable[[], Settings]) -> tuple[int, list[str]]:
    """Run one command; return its exit status and lines, for stderr where it is not 0."""
    options = _parser().parse_args(arguments)
    return run_at_desk(options, lambda: open_desk(settings, _definition))


def _definition(settings: Settings) -> ServiceDefinition:
    return definition(settings.neighbour_prefixes)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m services.courier")
    themes = parser.add_subparsers(required=True)
    add_commands(themes)
    add_audit_commands(themes, "the trail of agents' areas, and of jobs given and looked at")
    return parser


def add_commands(themes: Any) -> None:
    """Add the commands about areas and jobs."""
    areas = themes.add_parser("areas", help="who carries in an RW").add_subparsers(required=True)
    put = areas.add_parser("set", help="put an agent in charge of an RW")
    _add(put, "--programme", _PROGRAMME, "ID")
    _add(put, "--village", _VILLAGE, "CODE")
    _add(put, "--rw", _RW, "NUMBER")
    _add(put, "--agent", _AGENT, "ACCOUNT")
    put.set_defaults(run=_set_area)
    jobs = themes.add_parser("jobs", help="what is carried, by whom").add_subparsers(required=True)
    listed = jobs.add_parser("list", help="jobs of a programme that have not ended, oldest first")
    _add(listed, "--programme", _PROGRAMME, "ID")
    _add(listed, "--agent", _AGENT, "ACCOUNT", required=False)
    _add(listed, "--after", _JOB, "ID", required=False)
    listed.set_defaults(run=_list_jobs)
    given = jobs.add_parser("assign", help="give a job to another agent, with what is in hand")
    _add(given, "--job", _JOB, "ID")
    _add(given, "--agent", _AGENT, "ACCOUNT")
    given.set_defaults(run=_assign)
    for command in (put, listed, given):
        add_account(command)


def _add(
    parser: argparse.ArgumentParser,
    name: str,
    what: TypeAdapter[Any],
    metavar: str,
    *,
    required: bool = True,
) -> None:
    """Have a command ask for what the API takes in its place."""

    def read(text: str) -> str:
        try:
            return str(what.validate_python(text))
        except ValidationError as wrong:
            raise argparse.ArgumentTypeError(wrong.errors()[0]["msg"]) from None

    parser.add_argument(name, type=read, required=required, metavar=metavar)


async def _set_area(options: argparse.Namespace, desk: Desk) -> list[str]:
    place = Place(options.village, options.rw)
    key = Area.key(options.programme, place)
    waiting = await _reader(desk).waiting(options.programme, place)
    outcome = await desk.shell.commands.run(
        lambda uow: serve_area(options.programme, place, options.agent, uow, waiting=waiting),
        sent=sent_by(options.by, "areas set"),
        key=key,
    )
    return [f"{key}: {options.agent} carries there; {outcome.answer} waiting jobs given to him"]


async def _list_jobs(options: argparse.Namespace, desk: Desk) -> list[str]:
    everything = JobFilter(options.programme, frozenset({EVERYWHERE}), frozenset(), options.by)
    page = JobPage(PAGE, ended=False, carrier=options.agent, after=options.after)
    found = await _reader(desk).jobs(everything, page)
    # The look is kept before anything is shown.
    await desk.shell.commands.run(
        lambda uow: note_read(
            Deed.JOBS_LISTED, options.programme, options.by, uow, *page.words(len(found))
        ),
        sent=sent_by(options.by, "jobs list"),
        key=options.programme,
    )
    more = [f"there may be more: --after {found[-1].id}"] if len(found) == PAGE else []
    return [*map(_line, found), *more] or ["no job waits to be carried"]


def _line(job: Job) -> str:
    place = f"{job.place.village} RW {job.place.rw}"
    return f"{job.id}: {job.state}, {job.service}, {place}, agent {job.agent_id or '-'}"


async def _assign(options: argparse.Namespace, desk: Desk) -> list[str]:
    outcome = await desk.shell.commands.run(
        lambda uow: give_job(options.job, options.agent, uow, allow=lambda _: None),
        sent=sent_by(options.by, "jobs assign"),
        key=options.job,
    )
    return [f"{options.job}: {outcome.answer}, carried by {options.agent}"]


def _reader(desk: Desk) -> CourierReader:
    return CourierReader(desk.shell.messaging.database, desk.shell.collections)
