"""What chapters have people type: every command is one, every address answers, every file fits."""

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
from pydantic import BaseModel

from services.courier import api as courier
from services.intake import api as intake
from services.intake import cli
from services.intake.api.corrections import CorrectionBody
from services.intake.api.programmes import LineOrderBody
from services.intake.pages.manual.blocks import typed
from services.intake.pages.manual.chapters import Chapter, shipped_book
from services.reporting import __main__ as reporting
from services.scheduler import api as scheduler
from services.scheduler.api.agencies import AgencyBody
from services.scheduler.api.plans import EventBody
from services.scheduler.domain import Policy
from shared.auth import __main__ as auth

CHAPTERS: Final = shipped_book().chapters
ROUTES: Final = {"intake": intake.RULES, "scheduler": scheduler.RULES, "courier": courier.RULES}
FILES: Final[Mapping[str, type[BaseModel]]] = {
    "admin-hak-warga": CorrectionBody,
    "perencana-acara": EventBody,
    "perencana-urutan": LineOrderBody,
}
SENT: Final[Mapping[str, type[BaseModel]]] = {
    "/api/programmes/botram/agencies/": AgencyBody,
    "/api/areas/": courier.AreaBody,
    "/api/jobs/": courier.AssignBody,
}
"""What a `--data` is, by how the address begins."""


class Understood(Exception):  # noqa: N818 - no error: the command was read
    """Raised in the place of the settings."""


def of_kind(what: str) -> Iterator[tuple[Chapter, str]]:
    for chapter in CHAPTERS:
        for one in typed(chapter.blocks):
            if one.what == what:
                yield chapter, one.lines


COMMANDS: Final = [line for _, lines in of_kind("sh") for line in lines.splitlines()]


def settings() -> Any:
    raise Understood


def understood(module: str, words: list[str]) -> bool:
    """Return whether a command line is read: argparse ends the process where it is not."""
    if module == "services.intake":
        with pytest.raises(Understood):
            cli.main(words, settings)
        return True
    if module == "services.reporting":
        return reporting.main(words) == 2
    return module == "shared.auth" and auth.main(words, lambda: datetime.now(UTC)) == 1


@pytest.mark.parametrize("line", COMMANDS)
def test_every_line_is_a_command_or_asks_an_address_that_answers(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = shlex.split(line.partition(" > ")[0])
    if words[0] == "curl":
        answers(words)
        return
    at = words.index("python")
    assert words[at + 1] == "-m"
    assert understood(words[at + 2], words[at + 3 :])


def answers(words: list[str]) -> None:
    """Find the route that a line asks, its key where it changes something, and its body."""
    method = words[words.index("-X") + 1] if "-X" in words else "GET"
    (address,) = [one for one in words if one.startswith("https://ALAMAT/")]
    service, path = address.removeprefix("https://ALAMAT/").partition("?")[0].split("/", 1)
    routes = [re.sub(r"\{\w+\}", "[^/]+", one) for one in ROUTES[service]]
    assert any(re.fullmatch(one, f"{method} /{path}") for one in routes), address
    assert (method == "GET") != any(one.startswith("Idempotency-Key: ") for one in words)
    for body in [words[at + 1] for at, one in enumerate(words) if one == "--data"]:
        if not body.startswith("@"):
            (model,) = [model for begins, model in SENT.items() if f"/{path}".startswith(begins)]
            model.model_validate_json(body)


def test_every_file_is_what_the_service_takes() -> None:
    found = {chapter.name: lines for chapter, lines in of_kind("json")}
    assert set(found) == set(FILES)
    for name, lines in found.items():
        FILES[name].model_validate_json(lines)


def test_the_bound_that_is_told_is_the_one_that_is_held() -> None:
    ((_, lines),) = [one for one in of_kind("json") if one[0].name == "perencana-urutan"]
    every = json.loads(lines)["priority_every"]
    assert [Policy(priority_every=one).passed_by(100) for one in (every, 2, 10)] == [34, 101, 12]
