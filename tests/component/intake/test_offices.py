"""What a form at the office is given, and which channels it is for."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.component.intake.kit import Desk, desk


@pytest.fixture
async def office() -> AsyncIterator[Desk]:
    async with desk() as running:
        yield running


async def kit(office: Desk, channel: str, programme: str = "halo_pamor") -> httpx.Response:
    return await office.operator("GET", f"/offices/{programme}?channel={channel}")


async def page(office: Desk, path: str = "", grant: str = "halo_pamor") -> httpx.Response:
    headers = office.messaging.headers("operator", grant) | {"Accept": "text/html"}
    return await office.client.get(f"/catat{path}", headers=headers)


async def test_a_form_is_given_what_can_be_asked_for_and_nobodys_data(office: Desk) -> None:
    found = (await kit(office, "eopen")).json()
    assert (found["programme_id"], found["channel"], found["on"]) == (
        "halo_pamor",
        "eopen",
        "2023-03-11",
    )
    assert [one["service"] for one in found["services"]] == ["KIA", "KK", "IKD"]
    assert found["subdistricts"][0]["region_code"].startswith("32.75.")
    assert "event_id" not in found


async def test_a_channel_that_the_programme_does_not_have_is_refused_by_name(office: Desk) -> None:
    answer = await kit(office, "whatsapp")
    assert (answer.status_code, answer.json()["reason"]) == (409, "channel_not_offered")
    answer = await kit(office, "event", "never")
    assert answer.status_code == 404


async def test_the_page_lists_what_the_office_writes_down(office: Desk) -> None:
    shown = (await page(office)).text
    assert "HALO PAMOR" in shown
    assert "/catat/halo_pamor/eopen" in shown
    assert "/catat/halo_pamor/agent" not in shown
    elsewhere = (await page(office, grant="botram")).text
    assert "Tidak ada program" in elsewhere


@pytest.mark.parametrize("path", ["/halo_pamor/agent", "/halo_pamor/never", "/never/eopen"])
async def test_a_form_of_no_channel_of_the_office_is_not_there(office: Desk, path: str) -> None:
    assert (await page(office, path, "*")).status_code == 404
