"""The start page of the origin: what anybody can do here, and what each role can."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from services.intake.domain import Notices
from services.intake.pages.manual.chapters import PARTS, Chapter, shipped_book
from services.intake.usecases import Reader
from shared.auth.roles import Caller, Role
from shared.auth.rules import PUBLIC, RouteRules
from shared.messaging.errors import Unavailable
from shared.runtime import provided
from shared.web.neighbours import Neighbours
from shared.web.pages import Pages
from shared.web.scopekeys import VIEWER

HOME: Final = "/"
OWN: Final = "intake"
"""The service whose pages these are."""
SHOWN_NOTICES: Final = 5
"""Notices on the start page at most, the newest; the others are on "Perangkat saya"."""
RULES: Final[RouteRules] = {f"GET {HOME}": PUBLIC}


@dataclass(frozen=True, slots=True)
class Task:
    """Something that these roles are there to do; with the page to do it on, once there is one."""

    name: str
    """Key in the catalogue, below `start.task`."""
    roles: frozenset[Role]
    service: str = ""
    path: str = ""

    def address(self, neighbours: Neighbours) -> str:
        """Return where the page lies; nothing where there is none yet."""
        return neighbours.at(self.service, self.path) if self.path else ""


TASKS: Final = (
    Task(
        "figures",
        frozenset({Role.HEAD, Role.PLANNER, Role.OPERATOR, Role.SERVICE, Role.SUPERVISOR}),
        "reporting",
        "/acara",
    ),
    Task(
        "satisfaction",
        frozenset({Role.HEAD, Role.PLANNER, Role.SERVICE, Role.SUPERVISOR}),
        "reporting",
        "/kepuasan",
    ),
    Task("desk", frozenset({Role.OPERATOR, Role.SUPERVISOR}), OWN, "/meja"),
    Task("counter", frozenset({Role.OPERATOR, Role.SUPERVISOR}), OWN, "/konter"),
    Task("office", frozenset({Role.OPERATOR}), OWN, "/catat"),
    Task(
        "complaints",
        frozenset({Role.OPERATOR, Role.SUPERVISOR, Role.HEAD, Role.AUDITOR}),
        OWN,
        "/pengaduan-masuk",
    ),
    Task("roster", frozenset({Role.OPERATOR}), OWN, "/daftar-siswa"),
    Task("gate", frozenset({Role.OPERATOR}), "scheduler", "/gerbang"),
    Task("serve", frozenset({Role.OPERATOR, Role.AGENCY_OPERATOR}), "scheduler", "/loket"),
    Task("watch", frozenset({Role.SUPERVISOR}), "scheduler", "/perangkat"),
    Task("carry", frozenset({Role.AGENT}), "courier", "/tugas"),
    Task("accounts", frozenset({Role.ADMIN}), OWN, "/akun"),
    Task("approvals", frozenset({Role.ADMIN, Role.SUPERVISOR}), OWN, "/persetujuan"),
    Task("security", frozenset({Role.SUPERVISOR, Role.ADMIN, Role.AUDITOR}), OWN, "/keamanan"),
    Task("devices", frozenset(Role), OWN, "/perangkat"),
    Task("record", frozenset({Role.AGENT, Role.CHANNEL})),
    Task("plan", frozenset({Role.PLANNER})),
    Task("programmes", frozenset({Role.ADMIN})),
    Task("agents", frozenset({Role.ADMIN})),
    Task("import", frozenset({Role.IMPORTER}), OWN, "/riwayat"),
)
"""What has a page comes first."""
CHAPTERS: Final[Mapping[str, str]] = {
    "figures": "supervisor-angka-acara",
    "satisfaction": "supervisor-kepuasan",
    "desk": "operator-meja",
    "counter": "operator-konter",
    "office": "operator-mencatat",
    "complaints": "operator-pengaduan",
    "roster": "operator-daftar-siswa",
    "gate": "operator-gerbang",
    "serve": "operator-loket",
    "watch": "supervisor-perangkat-acara",
    "carry": "jemput-tugas",
    "accounts": "admin-akun",
    "approvals": "supervisor-menyetujui",
    "security": "supervisor-keamanan",
    "devices": "petugas-perangkat",
    "record": "jemput-mencatat",
    "plan": "perencana-acara",
    "programmes": "admin-program",
    "agents": "admin-petugas-rw",
    "import": "pemasuk-riwayat",
}
"""The chapter of the manual that tells how a task is done, by the task's name."""
PARTS_OF: Final[Mapping[Role, str]] = {
    Role.OPERATOR: "operator",
    Role.AGENCY_OPERATOR: "operator",
    Role.AGENT: "jemput",
    Role.SUPERVISOR: "supervisor",
    Role.HEAD: "supervisor",
    Role.PLANNER: "perencana",
    Role.ADMIN: "admin",
    Role.IMPORTER: "pemasuk",
    Role.AUDITOR: "auditor",
    Role.SERVICE: "mesin",
    Role.CHANNEL: "mesin",
}
"""The part of the manual that is for a role."""
EVERYBODY: Final = "petugas"
"""The part that is for whoever signs in."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A task as the page lists it, with the chapter that tells how it is done."""

    name: str
    address: str
    chapter: Chapter | None


router = APIRouter(include_in_schema=False)
PagesDep = Annotated[Pages, Depends(provided(Pages))]
ReaderDep = Annotated[Reader, Depends(provided(Reader))]
NeighboursDep = Annotated[Neighbours, Depends(provided(Neighbours))]


@router.get(HOME)
async def show_start(
    request: Request, pages: PagesDep, neighbours: NeighboursDep, reader: ReaderDep
) -> Response:
    """Show what whoever looks can do."""
    viewer = request.scope.get(VIEWER)
    if not isinstance(viewer, Caller):
        return pages.render(request, "start.html", tasks=[], notices=Notices(""), shown=())
    notices = await _notices(viewer, reader)
    return pages.render(
        request,
        "start.html",
        tasks=list(_tasks(viewer, neighbours)),
        parts=_parts(viewer),
        notices=notices,
        shown=notices.unseen[: -SHOWN_NOTICES - 1 : -1],
    )


async def _notices(viewer: Caller, reader: Reader) -> Notices:
    """Return what the viewer is told; nothing while the database is away: he can go on."""
    try:
        return await reader.get(Notices, viewer.subject) or Notices(viewer.subject)
    except Unavailable:
        return Notices(viewer.subject)


def _tasks(viewer: Caller, neighbours: Neighbours) -> Iterator[Shown]:
    for task in TASKS:
        if task.roles & viewer.roles:
            chapter = shipped_book().chapter(CHAPTERS.get(task.name, ""))
            yield Shown(task.name, task.address(neighbours), chapter)


def _parts(viewer: Caller) -> list[str]:
    """Return the parts of the manual that are for the viewer, in the order of the book.

    What everybody does who signs in stands first: his account, his devices.
    """
    mine = {EVERYBODY, *(part for role, part in PARTS_OF.items() if role in viewer.roles)}
    return [part for part in PARTS if part in mine]
