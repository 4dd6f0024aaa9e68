"""The rule of anatomy in CONTRIBUTING.md, held over all services."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.provision import service_names

ROOT = Path(__file__).resolve().parents[3]

REQUIRED = {
    "README.md",
    "__init__.py",
    "__main__.py",
    "api",
    "app.py",
    "config.py",
    "domain",
    "handlers.py",
    "store",
    "subscriptions.toml",
    "usecases",
}
OPTIONAL = {
    "cli",  # commands for the shell
    "database.toml",  # rights in the database beyond the usual ones
    "gateways.py",  # outside systems: calendars, limits
    "jobs.py",  # what its worker does; with it the service has one
    "manual",  # chapters about its pages, with their pictures
    "metrics.py",
    "pages",  # HTML
    "static",
    "templates",
    "texts.toml",
}
PACKAGES = {"api", "cli", "domain", "pages", "store", "usecases"}
"""A module that has become a package: one file for each theme."""
DATA = {"intake": {"catalogues", "programmes", "sops", "PEMROSESAN.md", "DAMPAK.md"}}
"""Documents that a service ships, and those that the law asks for beside it."""

SECTIONS = ("Owns", "Consumes", "Publishes", "Environment", "What happens when")

LINES = 340
LONGER = {
    # One batch from the queue to its answers: the parts call each other on every path of failure.
    "shared/messaging/group_commit.py": 400,
}
"""Files that may be longer, each with its own limit."""

METHODS = {"delete", "get", "head", "patch", "post", "put"}


def strange_names(folder: Path) -> Iterator[str]:
    """Name what is missing in a service's folder and what has no place there."""
    found = {entry.name for entry in folder.iterdir() if entry.name != "__pycache__"}
    themes = {name.removesuffix(".py") if _is_theme(name) else name for name in found}
    yield from (f"{name} is missing" for name in sorted(REQUIRED - themes))
    allowed = REQUIRED | OPTIONAL | DATA.get(folder.name, set())
    yield from (f"{name} has no place" for name in sorted(themes - allowed))


def _is_theme(name: str) -> bool:
    return name.endswith(".py") and name.removesuffix(".py") in PACKAGES


def nested_routes(source: str) -> Iterator[str]:
    """Name functions that are made a route inside another function."""
    for outer in ast.walk(ast.parse(source)):
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from (inner.name for inner in _inside(outer) if any(_routes(inner)))


def _inside(
    outer: ast.FunctionDef | ast.AsyncFunctionDef,
) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(outer):
        if node is not outer and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _routes(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    for decorator in function.decorator_list:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        if isinstance(called, ast.Attribute) and called.attr in METHODS:
            yield called.attr


def bodies_without_route(source: str) -> Iterator[str]:
    """Name bodies of requests that stand in a file without routes."""
    tree = ast.parse(source)
    functions = [node for node in tree.body if isinstance(node, ast.AsyncFunctionDef)]
    if not any(method for function in functions for method in _routes(function)):
        yield from (
            node.name
            for node in tree.body
            if isinstance(node, ast.ClassDef) and "Body" in map(ast.unparse, node.bases)
        )


def lacking_sections(page: str) -> list[str]:
    """Name the sections that a service's README lacks."""
    lines = page.splitlines()
    return [section for section in SECTIONS if f"## {section}" not in lines]


def files() -> list[str]:
    """Return every Python file of services and shared, from the root."""
    return sorted(
        file.relative_to(ROOT).as_posix()
        for part in ("services", "shared")
        for file in (ROOT / part).rglob("*.py")
    )


@pytest.mark.parametrize("service", service_names())
def test_a_service_has_the_names_that_all_have(service: str) -> None:
    assert list(strange_names(ROOT / "services" / service)) == []


@pytest.mark.parametrize("service", service_names())
def test_a_route_stands_at_module_level_beside_its_body(service: str) -> None:
    for file in (ROOT / "services" / service).rglob("*.py"):
        source = file.read_text("utf-8")
        assert list(nested_routes(source)) == [], file
        assert list(bodies_without_route(source)) == [], file


@pytest.mark.parametrize("service", service_names())
def test_a_readme_has_the_sections_that_all_have(service: str) -> None:
    assert lacking_sections((ROOT / "services" / service / "README.md").read_text("utf-8")) == []


def test_no_file_is_too_long_to_be_read() -> None:
    lines = {file: len((ROOT / file).read_text("utf-8").splitlines()) for file in files()}
    assert {f: n for f, n in lines.items() if n > LONGER.get(f, LINES)} == {}


def test_an_exception_is_still_needed() -> None:
    for file in LONGER:
        assert len((ROOT / file).read_text("utf-8").splitlines()) > LINES, file


def test_a_strange_name_is_named(tmp_path: Path) -> None:
    for name in REQUIRED - {"api", "domain", "store", "usecases", "config.py"}:
        (tmp_path / name).touch()
    for name in ("api.py", "domain.py", "store.py", "commands.py", "helpers"):
        (tmp_path / name).touch()
    (tmp_path / "usecases").mkdir()
    assert list(strange_names(tmp_path)) == [
        "config.py is missing",
        "commands.py has no place",
        "helpers has no place",
    ]


def test_a_nested_route_is_named() -> None:
    source = """
def routes(router):
    @router.post("/jobs")
    async def post_job(): ...
    return router

@router.get("/jobs")
async def list_jobs(): ...
"""
    assert list(nested_routes(source)) == ["post_job"]


def test_a_body_away_from_its_route_is_named() -> None:
    body = "class StepBody(Body): ...\n"
    assert list(bodies_without_route(body)) == ["StepBody"]
    assert list(bodies_without_route(f"{body}@router.post('/s')\nasync def s(): ...")) == []


def test_a_section_that_is_lacking_is_named() -> None:
    assert lacking_sections("## Owns\n## Consumes, publishes\n## Environment\n") == [
        "Consumes",
        "Publishes",
        "What happens when",
    ]
