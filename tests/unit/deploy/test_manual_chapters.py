"""The shipped chapters name pages, texts and pictures that are there."""

import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from deploy.manual.pictures import ALL, LARGEST, kept, shown
from services.courier import pages as courier
from services.intake import pages as intake
from services.intake.pages.manual.blocks import links
from services.intake.pages.manual.chapters import PARTS, SERVICES, Chapter, read_book, shipped_book
from services.reporting import pages as reporting
from services.scheduler import pages as scheduler
from tests.manual import AT_BOTH, E2E, WALKS, screenshots, walks

ROOT: Final = SERVICES.parent
CHAPTERS: Final = shipped_book().chapters
FILES: Final = sorted(SERVICES.glob("*/manual/*.md"))
ROUTES: Final = {
    "intake": intake.RULES,
    "scheduler": scheduler.RULES,
    "courier": courier.RULES,
    "reporting": reporting.RULES,
}
SPAN: Final = re.compile(r"`([^`]+)`")
FENCE: Final = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
TYPED: Final = 12
"""Letters of a text from which on a chapter that types it does so by no chance."""


def written(file: Path) -> str:
    """Return a chapter without what people type as it stands."""
    return FENCE.sub("", file.read_text("utf-8"))


def spans(file: Path) -> Iterator[tuple[str, str]]:
    """Yield the service and the key of each text that a chapter names."""
    for named in SPAN.findall(written(file)):
        service, colon, key = named.split()[0].rpartition(":")
        yield (service if colon else file.parents[1].name), key


def source(service: str) -> str:
    """Return all that shows texts: a service's templates and code, and the frame's."""
    folders = (SERVICES / service, ROOT / "shared" / "web")
    files = [one for each in folders for one in each.rglob("*") if one.suffix in (".html", ".py")]
    return "\n".join(one.read_text("utf-8") for one in files)


SOURCES: Final = {service: source(service) for service in ROUTES}


def named(chapter: Chapter) -> str:
    return chapter.name


def test_there_are_chapters_for_everybody_who_has_pages() -> None:
    assert [part for part, _ in shipped_book().parts] == list(PARTS)
    assert len({one.name for one in CHAPTERS}) == len(CHAPTERS) == len(FILES)


def shows(service: str, key: str) -> bool:
    """Return whether a page shows a text: by its key, or by what its key begins with."""
    ends = [at for at, letter in enumerate(key) if letter == "."]
    return f'"{key}"' in SOURCES[service] or any(f'"{key[:at]}.' in SOURCES[service] for at in ends)


def said(service: str) -> Iterator[str]:
    """Yield the texts of a service's pages that nothing is filled into."""
    tables = [tomllib.loads((SERVICES / service / "texts.toml").read_text("utf-8"))]
    tables[0].pop("manual", None)
    while tables:
        for value in tables.pop().values():
            if isinstance(value, dict):
                tables.append(value)
            elif "{" not in value:
                yield value


@pytest.mark.parametrize("file", FILES, ids=lambda one: one.stem)
def test_each_text_that_a_chapter_names_is_shown_by_a_page(file: Path) -> None:
    assert [key for service, key in spans(file) if not shows(service, key)] == []


@pytest.mark.parametrize("file", FILES, ids=lambda one: one.stem)
def test_no_chapter_types_what_a_page_says(file: Path) -> None:
    typed = SPAN.sub("", written(file))
    long = [one for one in said(file.parents[1].name) if len(one) >= TYPED and " " in one]
    assert [one for one in long if one in typed] == []


def test_a_text_that_no_page_shows_is_found() -> None:
    assert shows("intake", "desk.next")
    assert shows("intake", "desk.queue.terbit")
    assert not shows("intake", "desks.next")
    assert not shows("courier", "desk.next")


@pytest.mark.parametrize("chapter", CHAPTERS, ids=named)
def test_each_link_leads_to_a_page_or_a_chapter(chapter: Chapter) -> None:
    names = {f"petunjuk:{one.name}" for one in CHAPTERS}
    for address in links(chapter.blocks):
        _, service, *rest = address.split("/", 2) if address[0] == "/" else ("", "", "")
        known = (
            address in names
            or f"GET {address}" in intake.FRONT_RULES
            or f"GET /{rest[0] if rest else ''}" in ROUTES.get(service, {})
        )
        assert known, address


def test_every_picture_is_there_small_and_shown_once() -> None:
    pictures = [(service, one.file) for service, one in shown(shipped_book())]
    there = sorted(SERVICES.glob("*/manual/gambar/*"))
    assert sorted(kept(*pair[:1]) / pair[1] for pair in pictures) == there
    sizes = {one.name: one.stat().st_size for one in there}
    assert len(sizes) == len(there)
    assert max(sizes.values()) < LARGEST
    assert sum(sizes.values()) < ALL


def test_every_picture_is_taken_by_a_test_of_the_browser() -> None:
    wanted = {name.rpartition("-")[0] for name in screenshots(shipped_book())}
    assert wanted == set(WALKS)
    for node in walks(shipped_book()):
        file, _, test = node.partition("::")
        name, _, width = test.partition("[")
        code = (ROOT / file).read_text("utf-8")
        assert f"async def {name}(" in code, node
        assert width in ("360]", "1280]") or node.removeprefix(f"{E2E}/") in AT_BOTH, node
    code = "".join(one.read_text("utf-8") for one in (ROOT / E2E).glob("*.py"))
    for name in wanted:
        assert re.search(rf'"{name}(-\{{\w+\}})?"', code), f"no test takes {name}"


LEFT_OUT: Final = re.compile(r"^RUN (find services .*?) && python", re.MULTILINE | re.DOTALL)


def image_of(service: str, folder: Path) -> Path:
    """What deploy/Dockerfile leaves of the services in the image of one."""
    command = LEFT_OUT.search((ROOT / "deploy" / "Dockerfile").read_text("utf-8"))
    assert command is not None
    copied = folder / "services"
    shutil.copytree(SERVICES, copied, ignore=shutil.ignore_patterns("__pycache__"))
    shell = ["/bin/sh", "-c", command[1].replace("\\\n", " ")]
    subprocess.run(shell, cwd=folder, env={**os.environ, "SERVICE": service}, check=True)
    return copied


@pytest.mark.parametrize("service", ROUTES)
def test_an_image_holds_no_code_of_another_service(service: str, tmp_path: Path) -> None:
    copied = image_of(service, tmp_path)
    code = {one.relative_to(copied).parts[0] for one in copied.rglob("*/*.py")}
    assert code == {service}


def test_the_image_of_intake_holds_every_chapter(tmp_path: Path) -> None:
    copied = image_of("intake", tmp_path)
    assert read_book(copied) == shipped_book()
    pictures = [one.name for one in copied.glob("*/manual/gambar/*")]
    assert sorted(pictures) == sorted(one.file for _, one in shown(shipped_book()))
