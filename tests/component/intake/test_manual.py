"""The manual as a browser gets it: every chapter, for everybody, without the database too."""

import re
from typing import Final

import pytest

from services.intake.app import TEXTS, definition
from services.intake.pages.manual.chapters import shipped_book
from services.intake.store import COLLECTIONS
from shared.testing.callers import HOST
from shared.testing.messaging import memory_messaging
from shared.web.texts import Texts
from tests.component.intake.catalogues import catalogue
from tests.component.intake.catalogues import publish as publish_catalogue
from tests.component.intake.kit import Desk, desk, settings

HTML: Final = {"Accept": "text/html"}
WORDS: Final = Texts.load(TEXTS)
BOOK: Final = shipped_book()


async def page(office: Desk, path: str, status: int = 200) -> str:
    answer = await office.client.get(path, headers=HTML)
    assert answer.status_code == status
    return answer.text


async def test_the_manual_lists_every_chapter_below_whom_it_is_for() -> None:
    async with desk() as office:
        listed = await page(office, "/petunjuk")
        for part, chapters in BOOK.parts:
            assert WORDS(f"manual.part.{part}") in listed
            for one in chapters:
                assert f'href="/intake/petunjuk/{one.name}"' in listed
        assert WORDS("manual.catalogue.title") not in listed
        at_the_root = await page(office, f"{HOST}/bantuan")
        assert at_the_root == listed.replace(' aria-current="page"', "")


async def test_every_page_leads_to_the_manual() -> None:
    async with desk() as office:
        for path in (f"{HOST}/", f"{HOST}/masuk", "/lacak", "/petunjuk/warga-melacak"):
            assert 'href="/bantuan"' in await page(office, path)
        assert 'href="/intake/petunjuk"' in await page(office, f"{HOST}/")


async def test_each_chapter_is_a_page_and_no_link_in_it_is_dead() -> None:
    async with desk() as office:
        for one in BOOK.chapters:
            shown = await page(office, f"/petunjuk/{one.name}")
            assert one.called in shown
            assert "`" not in shown
            for address in set(re.findall(r'href="(/intake/petunjuk/[^"]+)"', shown)):
                await page(office, HOST + address)


async def test_a_picture_is_an_image_that_is_kept_for_ever() -> None:
    async with desk() as office:
        shown = await page(office, "/petunjuk/operator-meja")
        (address,) = re.findall(r'src="([^"]+\.webp)"', shown)
        headers = {"Accept-Encoding": "gzip"}
        answer = await office.client.get(HOST + address, headers=headers)
        assert answer.headers["content-type"] == "image/webp"
        assert "content-encoding" not in answer.headers
        assert "immutable" in answer.headers["cache-control"]
        assert answer.content[8:12] == b"WEBP"


async def test_links_to_other_services_follow_their_prefixes() -> None:
    with settings(neighbour_prefixes={"scheduler": "/antrean"}) as given:
        async with (
            memory_messaging("intake", collections=COLLECTIONS) as messaging,
            messaging.client(definition(given)) as client,
        ):
            shown = (await client.get("/petunjuk/operator-loket", headers=HTML)).text
    assert 'href="/antrean/loket"' in shown
    assert "/scheduler/" not in shown


async def test_a_catalogue_is_shown_as_it_counts_now() -> None:
    async with desk() as office:
        await page(office, "/petunjuk/katalog/botram", 404)
    async with desk() as office:
        (await publish_catalogue(office)).raise_for_status()
        assert 'href="/intake/petunjuk/katalog/botram"' in await page(office, "/petunjuk")
        shown = await page(office, "/petunjuk/katalog/botram")
        for entry in catalogue()["entries"]:
            for one in entry["requirements"]:
                assert one["missing"] in shown


async def test_without_the_database_chapters_are_read_all_the_same() -> None:
    async with desk() as office:
        office.messaging.memory.away = True
        assert "/intake/petunjuk/warga-melacak" in await page(office, "/petunjuk")
        await page(office, "/petunjuk/warga-melacak")
        await page(office, "/petunjuk/katalog/botram", 503)
        office.messaging.memory.away = False


@pytest.mark.parametrize("path", ["/petunjuk/tidak-ada", "/petunjuk/katalog/tidak_ada"])
async def test_what_is_not_there_is_not_found(path: str) -> None:
    async with desk() as office:
        await page(office, path, 404)


async def test_a_name_that_is_too_long_is_refused() -> None:
    async with desk() as office:
        await page(office, f"/petunjuk/{'a' * 61}", 422)
