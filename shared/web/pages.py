"""Pages: a template inside the frame, with the service's words, Indonesian formats and headers."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from shared.auth.roles import Caller, Role
from shared.web import formats
from shared.web.assets import Assets
from shared.web.problems import Problem
from shared.web.scopekeys import VIEWER
from shared.web.texts import Texts

FRAME_TEMPLATES: Final = Path(__file__).with_name("templates")
POLICY: Final = (
    "default-src 'self'; img-src 'self' data:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""The Content-Security-Policy of a page: everything from here, no script in the page itself."""


@dataclass(frozen=True, slots=True)
class NavItem:
    """One entry of the main menu, seen by whoever holds one of the roles; without roles, by all."""

    path: str
    """Below the service's prefix."""
    text: str
    """Key in the catalogue."""
    roles: frozenset[Role] = frozenset()


class Pages:
    """Renders templates.

    Theirs are `t`, `asset`, `at` (the address of a path of this service), `tanggal`, `waktu`,
    `waktu_detik`, `tanggal_waktu`, `bulan` and `angka`.
    """

    def __init__(
        self,
        *,
        service_name: str,
        texts: Texts,
        templates: Sequence[Path] = (),
        static: Sequence[Path] = (),
        navigation: Sequence[NavItem] = (),
        zone: str = "Asia/Jakarta",
        prefix: str = "",
    ) -> None:
        """`prefix` is what the service lies below; `static` are folders of its own files."""
        self.texts = texts
        self.prefix = prefix
        self.assets = Assets(static, prefix)
        self._navigation = tuple(navigation)
        self._environment = Environment(
            loader=FileSystemLoader([*templates, FRAME_TEMPLATES]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.globals.update(
            t=texts, asset=self.assets.url, at=self.at, service_name=service_name
        )
        self._environment.filters.update(_filters(zone))

    def at(self, path: str) -> str:
        """Return the address of a path of this service: for links and redirects."""
        return f"{self.prefix}{path}"

    def render(
        self,
        request: Request,
        template: str,
        *,
        status: int = 200,
        **values: Any,
    ) -> HTMLResponse:
        """The page in its frame."""
        viewer = request.scope.get(VIEWER)
        body = self.fragment(
            template,
            viewer=viewer,
            navigation=self._entries(viewer),
            here=request.scope["path"],
            **values,
        )
        return HTMLResponse(body, status)

    def fragment(self, template: str, **values: Any) -> str:
        """The template alone, without request or frame: what a live stream sends."""
        return self._environment.get_template(template).render(values)

    def problem(self, request: Request, problem: Problem) -> HTMLResponse:
        """The problem as a page, in words by its status; its English detail is not shown."""
        known = f"problem.s{problem.status}"
        response = self.render(
            request,
            "problem.html",
            status=problem.status,
            words=known if f"{known}.title" in self.texts else "problem.other",
            incident=problem.members.get("incident"),
        )
        response.headers.update(problem.headers)
        return response

    def _entries(self, viewer: Caller | None) -> Collection[NavItem]:
        roles = viewer.roles if viewer is not None else frozenset()
        return [item for item in self._navigation if not item.roles or item.roles & roles]


def _filters(default: str) -> dict[str, Any]:
    def zoned(write: Any, value: date | datetime, zone: str = default) -> str:
        return str(write(value, zone))

    return {
        "tanggal": partial(zoned, formats.tanggal),
        "waktu": partial(zoned, formats.waktu),
        "waktu_detik": partial(zoned, formats.waktu_detik),
        "tanggal_waktu": partial(zoned, formats.tanggal_waktu),
        "bulan": formats.bulan,
        "angka": formats.angka,
    }


@cache
def service_pages(
    name: str,
    folder: Path,
    navigation: tuple[NavItem, ...],
    prefix: str,
    pictures: tuple[Path, ...] = (),
) -> Pages:
    """Return the pages of a service from its folder: `texts.toml`, `templates` and `static`.

    `pictures` are folders of further files. Made once, since templates are compiled.
    """
    return Pages(
        service_name=name,
        texts=Texts.load(folder / "texts.toml"),
        templates=[folder / "templates"],
        static=[folder / "static", *pictures],
        navigation=navigation,
        prefix=prefix,
    )
