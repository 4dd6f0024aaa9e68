"""What `show` prints of a programme or a catalogue is what `publish` takes, and is held to it."""

import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from services.intake.cli import catalogues, programmes
from services.intake.cli.shell import CommandRefused
from services.intake.config import Settings
from shared.web.problems import Conflict
from tests.component.intake.catalogues import publish
from tests.component.intake.kit import Desk, desk, settings
from tests.component.intake.shell import run_command


@pytest.fixture
def given() -> Iterator[Settings]:
    with settings() as found:
        yield found


async def shown(office: Desk, given: Settings, theme: ModuleType) -> dict[str, Any]:
    lines = await run_command(office, given, theme, "show", "botram")
    found: dict[str, Any] = json.loads("\n".join(lines))
    return found


def written(file: Path, body: dict[str, Any]) -> str:
    file.write_text(json.dumps(body), "utf-8")
    return str(file)


async def sent_back(
    office: Desk, given: Settings, theme: ModuleType, file: Path, body: dict[str, Any]
) -> list[str]:
    words = ("publish", "--by", "sri-1", written(file, body))
    return await run_command(office, given, theme, *words)


async def test_a_programme_that_is_shown_is_taken_as_it_is_and_changed(
    given: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "botram.json"
    async with desk() as office:
        (await publish(office)).raise_for_status()
        body = await shown(office, given, programmes)
        stands = body["version"]
        said = await sent_back(office, given, programmes, file, body)
        assert said == [f"botram: version {stands}"]
        changed = {**body, "standard_working_days": 9}
        said = await sent_back(office, given, programmes, file, changed)
        assert said == [f"botram: version {stands + 1}"]
        # Somebody else had read it before.
        with pytest.raises(Conflict, match="version: it is"):
            await sent_back(office, given, programmes, file, {**body, "retention_days": 9})


async def test_a_catalogue_that_is_shown_is_taken_as_it_is_and_changed(
    given: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "katalog.json"
    async with desk() as office:
        (await publish(office)).raise_for_status()
        body = await shown(office, given, catalogues)
        assert list(body)[:2] == ["programme_id", "version"]
        assert await sent_back(office, given, catalogues, file, body) == ["botram: catalogue 1"]
        changed = {**body, "cost": "Tidak dipungut biaya."}
        for _ in range(2):
            said = await sent_back(office, given, catalogues, file, changed)
            assert said == ["botram: catalogue 2"], "the same again changes nothing"
        with pytest.raises(Conflict, match="version: 2 counts; read the document anew"):
            await sent_back(office, given, catalogues, file, {**body, "complaints": "Di kantor."})
        unsaid = {name: value for name, value in changed.items() if name != "version"}
        said = await sent_back(office, given, catalogues, file, {**unsaid, "cost": "Gratis."})
        assert said == ["botram: catalogue 3"]


@pytest.mark.parametrize("theme", [programmes, catalogues])
async def test_what_nobody_has_published_is_not_shown(given: Settings, theme: ModuleType) -> None:
    async with desk() as office:
        with pytest.raises(CommandRefused, match="is published"):
            await run_command(office, given, theme, "show", "sregep")
