"""The front door's start page and tracking, as a browser gets them."""

import re
from collections.abc import Iterator

import httpx
import pytest

from services.intake.app import TEXTS, definition
from services.intake.pages.start import CHAPTERS, EVERYBODY, PARTS_OF, TASKS
from services.intake.store import COLLECTIONS
from shared.auth.roles import Role
from shared.testing.callers import HOST
from shared.testing.messaging import memory_messaging
from shared.web.texts import Texts
from tests.component.intake.kit import Desk, at_event, desk, settings

HTML = {"Accept": "text/html"}
WORDS = Texts.load(TEXTS)


def links(page: str) -> Iterator[str]:
    """Addresses that lead somewhere else than into the page itself."""
    yield from (one for one in re.findall(r'href="([^"]+)"', page) if not one.startswith("#"))


async def start(office: Desk, *roles: str) -> httpx.Response:
    """Open the start page, signed in with these roles."""
    agency = {Role.AGENCY_OPERATOR: ":dinkes"}
    grants = [f"{role}:botram:32.16{agency.get(Role(role), '')}" for role in roles]
    headers = office.messaging.headers_of(*grants) if grants else {}
    return await office.client.get(f"{HOST}/", headers={**HTML, **headers})


async def test_whoever_has_no_account_can_track_or_sign_in_and_no_link_is_dead() -> None:
    async with desk() as office:
        answer = await start(office)
        assert answer.status_code == 200
        assert {"/intake/lacak", "/masuk"} <= set(links(answer.text))
        assert WORDS("start.task.figures.title") not in answer.text
        assert answer.headers["cache-control"] == "no-store"
        for address in set(links(answer.text)):
            found = await office.client.get(HOST + address, headers=HTML)
            assert found.status_code == 200, address


@pytest.mark.parametrize("role", list(Role))
async def test_each_role_is_shown_what_it_can_do_and_no_more(role: Role) -> None:
    async with desk() as office:
        page = (await start(office, role)).text
    found = {task.name for task in TASKS if WORDS(f"start.task.{task.name}.title") in page}
    assert found == {task.name for task in TASKS if role in task.roles}
    assert found
    assert ("/reporting/acara" in set(links(page))) == ("figures" in found)


@pytest.mark.parametrize("role", list(Role))
async def test_each_role_finds_its_part_of_the_manual_and_a_chapter_of_each_task(
    role: Role,
) -> None:
    async with desk() as office:
        page = (await start(office, role)).text
        found = set(links(page))
        listed = (await office.client.get("/petunjuk", headers=HTML)).text
    assert f"/intake/petunjuk#{PARTS_OF[role]}" in found
    parts = re.findall(r'"/intake/petunjuk#([a-z]+)"', page)
    assert parts == [EVERYBODY, *dict.fromkeys([PARTS_OF[role]])]
    assert f'<h2 id="{PARTS_OF[role]}">' in listed
    for task in TASKS:
        chapter = f"/intake/petunjuk/{CHAPTERS[task.name]}"
        assert (chapter in found) == (role in task.roles), task.name
        assert f'href="{chapter}"' in listed


async def test_links_to_other_services_follow_their_prefixes() -> None:
    with settings(neighbour_prefixes={"reporting": "/laporan"}) as given:
        async with (
            memory_messaging("intake", collections=COLLECTIONS) as messaging,
            messaging.client(definition(given)) as client,
        ):
            headers = {**HTML, **messaging.headers("head")}
            page = await client.get(f"{HOST}/", headers=headers)
    assert "/laporan/acara" in set(links(page.text))
    assert "/reporting/acara" not in page.text


async def test_a_request_is_tracked_by_its_code_which_stands_in_no_address() -> None:
    async with desk() as office:
        code = (await office.record(at_event()))["tracking_code"]
        answer = await office.client.post("/lacak", data={"kode": f" {code.lower()} "})
    assert answer.status_code == 200
    assert "Kartu Identitas Anak" in answer.text
    assert WORDS("state.received") in answer.text
    assert "Sabtu, 11 Maret 2023" in answer.text
    assert "Sukarno" not in answer.text
    assert code not in answer.text


@pytest.mark.parametrize(
    ("typed", "words"), [("", "tracking.empty"), ("  ", "tracking.empty"), ("x", "track.unknown")]
)
async def test_a_wrong_code_is_explained_beside_the_field(typed: str, words: str) -> None:
    async with desk() as office:
        answer = await office.client.post("/lacak", data={"kode": typed}, headers=HTML)
    assert answer.status_code == 422
    assert answer.text.count(WORDS(words)) == 2
    assert '<a href="#kode">' in answer.text


async def test_wrong_codes_of_the_page_and_of_the_api_count_together() -> None:
    async with desk(per_client="3/minute") as office:
        await office.track("x")
        for _ in range(2):
            await office.client.post("/lacak", data={"kode": "x"}, headers=HTML)
        answer = await office.client.post("/lacak", data={"kode": "x"}, headers=HTML)
        assert answer.status_code == 429
        assert "Terlalu banyak percobaan" in answer.text
        assert int(answer.headers["Retry-After"]) > 0
        assert (await office.track("x")).status_code == 429


async def test_another_site_cannot_send_a_visitor_to_track() -> None:
    async with desk() as office:
        headers = {**HTML, "Origin": "http://evil.test"}
        answer = await office.client.post("/lacak", data={"kode": "x"}, headers=headers)
    assert answer.status_code == 403
