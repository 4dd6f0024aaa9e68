"""What chapters have people type: every command is one, every address answers, every file fits."""

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl

import pytest
import yaml
from fastapi import APIRouter
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel

from deploy.local.folder import LOCAL, ROOT
from deploy.local.settings_files import FOLDER, command_line
from services.courier import api as courier
from services.courier import cli as courier_cli
from services.intake import api as intake
from services.intake import cli as intake_cli
from services.intake.api.corrections import CorrectionBody
from services.intake.api.programmes import LineOrderBody
from services.intake.pages.manual.blocks import Typed, all_of
from services.intake.pages.manual.chapters import SERVICES, Chapter, shipped_book
from services.reporting import __main__ as reporting
from services.scheduler import api as scheduler
from services.scheduler import cli as scheduler_cli
from services.scheduler.api.agencies import AgencyBody
from services.scheduler.api.plans import EventBody
from services.scheduler.domain import Policy

CHAPTERS: Final = shipped_book().chapters
ROUTERS: Final[Mapping[str, tuple[APIRouter, ...]]] = {
    "intake": intake.ROUTERS,
    "scheduler": scheduler.ROUTERS,
    "courier": (courier.router,),
}
MAINS: Final[Mapping[str, Any]] = {
    "services.intake": intake_cli.main,
    "services.scheduler": scheduler_cli.main,
    "services.courier": courier_cli.main,
}
CONTAINERS: Final = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"]
FILES: Final[Mapping[str, type[BaseModel]]] = {
    "admin-hak-warga": CorrectionBody,
    "perencana-acara": EventBody,
    "perencana-urutan": LineOrderBody,
}
SENT: Final[Mapping[str, type[BaseModel]]] = {
    "/api/programmes/botram/agencies/": AgencyBody,
}
"""What a `--data` is, by how the address begins."""


class Understood(Exception):  # noqa: N818 - no error: the command was read
    """Raised in the place of the settings."""


def of_kind(what: str) -> Iterator[tuple[Chapter, str]]:
    for chapter in CHAPTERS:
        for one in all_of(chapter.blocks, Typed):
            if one.what == what:
                yield chapter, one.lines


COMMANDS: Final = [line for _, lines in of_kind("sh") for line in lines.splitlines()]


def settings() -> Any:
    raise Understood


def understood(module: str, words: list[str]) -> bool:
    """Return whether a command line is read: argparse ends the process where it is not."""
    if module == "services.reporting":
        return reporting.main(words) == 2
    with pytest.raises(Understood):
        MAINS[module](words, settings)
    return True


@pytest.mark.parametrize("line", COMMANDS)
def test_every_line_is_a_command_or_asks_an_address_that_answers(
    line: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    if line.startswith("("):
        assert line == command_line(LOCAL / "stack" / FOLDER)
        line = line.rpartition("; ")[2].removesuffix(")")
    words = shlex.split(re.split(" [<>] ", line)[0])
    if words[0] == "curl":
        answers(words)
    elif words[0] == "sudo":
        assert words[-1] == "berkas", "what the containers see"
        assert words[words.index("--owner") + 1] == "10001", "as deploy/Dockerfile names its user"
    else:
        assert_command(words, capsys)


def assert_command(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Have a module's parser read what stands behind its name."""
    at = next(n for n, word in enumerate(words) if word.endswith("python"))
    assert words[at + 1] == "-m"
    module = words[at + 2]
    if words[0] == "docker":
        assert_container(words[1:at], module)
    assert understood(module, words[at + 3 :])
    if module == "services.reporting":
        # It is the settings that were missing, and nothing else.
        assert re.search("settings missing|Field required", capsys.readouterr().err)


def assert_container(words: list[str], module: str) -> None:
    """Hold the container that a command runs in against docker-compose.yml."""
    service = module.removeprefix("services.")
    container = CONTAINERS[words[-1]]
    if words[1] == "exec":
        assert words[-1] == service
        return
    assert words[1] == "run"
    assert container["restart"] == "no", "a second container would want the service's address"
    assert container["command"][:3] == ["python", "-m", module], "it has the code and the settings"
    # Its own file system is read-only: files go in and come out through a folder of the host's.
    assert words[words.index("--volume") + 1] == "$PWD/berkas:/berkas"


def answers(words: list[str]) -> None:
    """Find the route that a line asks, its query, its key where it changes something, its body."""
    method = words[words.index("-X") + 1] if "-X" in words else "GET"
    (address,) = [one for one in words if one.startswith("https://ALAMAT/")]
    place, _, query = address.removeprefix("https://ALAMAT/").partition("?")
    service, path = place.split("/", 1)
    found = [
        route
        for router in ROUTERS[service]
        for route in router.routes
        if isinstance(route, APIRoute) and method in (route.methods or ())
        if route.path_regex.fullmatch(f"/{path}")
    ]
    assert found, address
    assert {name for name, _ in parse_qsl(query)} <= set(asked(found[0].dependant))
    assert (method == "GET") != any(one.startswith("Idempotency-Key: ") for one in words)
    for body in [words[at + 1] for at, one in enumerate(words) if one == "--data"]:
        if not body.startswith("@"):
            (model,) = [model for begins, model in SENT.items() if f"/{path}".startswith(begins)]
            model.model_validate_json(body)


def asked(dependant: Dependant) -> Iterator[str]:
    """Yield the names of a route's query."""
    for field in dependant.query_params:
        yield field.alias
    for inner in dependant.dependencies:
        yield from asked(inner)


@pytest.mark.parametrize(
    "line",
    [
        "curl https://ALAMAT/courier/api/jobs?programme=halo_pamor",
        "curl https://ALAMAT/courier/api/job",
        "curl -X PUT https://ALAMAT/courier/api/jobs",
        "docker compose run -T programmes python -m services.intake accounts requests",
        "docker compose run --volume $PWD/berkas:/berkas programmes python -m services.courier",
        "docker compose exec -T programme python -m services.courier audit verify",
    ],
)
def test_what_would_not_run_is_found(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = shlex.split(line)
    with pytest.raises((AssertionError, KeyError, ValueError)):
        answers(words) if words[0] == "curl" else assert_command(words, capsys)


def test_a_query_that_a_route_takes_is_none_of_them() -> None:
    answers(["curl", "https://ALAMAT/courier/api/jobs?programme_id=halo_pamor&ended=false"])


def test_every_file_is_what_the_service_takes() -> None:
    found = {chapter.name: lines for chapter, lines in of_kind("json")}
    assert set(found) == set(FILES)
    for name, lines in found.items():
        FILES[name].model_validate_json(lines)


def test_the_bound_that_is_told_is_the_one_that_is_held() -> None:
    ((_, lines),) = [one for one in of_kind("json") if one[0].name == "perencana-urutan"]
    every = json.loads(lines)["priority_every"]
    chapter = (SERVICES / "scheduler" / "manual" / "perencana-20-urutan.md").read_text("utf-8")
    prose = chapter.partition("Contoh: seratus orang di depan")[2]
    told = re.search(
        r"priority_every (\d+)\..* paling banyak (\d+) orang .*"
        r"priority_every (\d+) batasnya (\d+), dengan (\d+) batasnya (\d+)\.",
        prose,
    )
    assert told is not None
    numbers = [int(one) for one in told.groups()]
    assert numbers[0] == every
    bounds = dict(zip(numbers[::2], numbers[1::2], strict=True))
    assert bounds == {one: Policy(priority_every=one).passed_by(100) for one in bounds}
