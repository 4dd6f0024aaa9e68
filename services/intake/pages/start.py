"""The start page of the origin: what anybody can do here, and what each role can."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from shared.auth.roles import Caller, Role
from shared.auth.rules import PUBLIC, RouteRules
from shared.runtime import provided
from shared.web.pages import Pages
from shared.web.scopekeys import VIEWER

HOME: Final = "/"
RULES: Final[RouteRules] = {f"GET {HOME}": PUBLIC}


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Where the other services lie: below `/<name>`, unless another prefix is named."""

    prefixes: Mapping[str, str]

    def at(self, service: str, path: str) -> str:
        """Return the address of a service's page."""
        return self.prefixes.get(service, f"/{service}") + path


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
    Task("record", frozenset({Role.OPERATOR, Role.AGENT, Role.CHANNEL})),
    Task("serve", frozenset({Role.OPERATOR, Role.AGENCY_OPERATOR})),
    Task("plan", frozenset({Role.PLANNER})),
    Task("carry", frozenset({Role.AGENT})),
    Task("programmes", frozenset({Role.ADMIN})),
    Task("agents", frozenset({Role.ADMIN})),
    Task("accounts", frozenset({Role.ADMIN})),
    Task("security", frozenset({Role.SUPERVISOR, Role.ADMIN, Role.AUDITOR})),
    Task("import", frozenset({Role.IMPORTER})),
)
"""What has a page comes first."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A task as the page lists it."""

    name: str
    address: str


router = APIRouter(include_in_schema=False)
PagesDep = Annotated[Pages, Depends(provided(Pages))]
NeighboursDep = Annotated[Neighbours, Depends(provided(Neighbours))]


@router.get(HOME)
async def show_start(request: Request, pages: PagesDep, neighbours: NeighboursDep) -> Response:
    """Show what whoever looks can do."""
    viewer = request.scope.get(VIEWER)
    tasks = list(_tasks(viewer, neighbours)) if isinstance(viewer, Caller) else []
    return pages.render(request, "start.html", tasks=tasks)


def _tasks(viewer: Caller, neighbours: Neighbours) -> Iterator[Shown]:
    for task in TASKS:
        if task.roles & viewer.roles:
            yield Shown(task.name, task.address(neighbours))
