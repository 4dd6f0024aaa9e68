"""A school's list by page: checked, recorded once, its slips shown and each look kept."""

from collections.abc import AsyncIterator
from typing import Any, Final

import httpx
import pytest

from services.intake.domain.roster import ROSTER_LARGEST
from tests.component.intake.catalogues import publish
from tests.component.intake.kit import Desk, desk
from tests.component.intake.test_batch_pages import reads
from tests.unit.intake.sample import EVENT

PAGE: Final = "/daftar-siswa/botram/event"
HEADER: Final = "nama;tanggal_lahir;nama_wali;persetujuan"
ANI: Final = "Ani <Contoh>;1 Mei 2014;Siti Contoh;ya"
BUDI: Final = "Budi Contoh;1-5-2020;;ya"
WITHOUT: Final = "Cici Contoh;2-5-2014;;tidak"
ASKED: Final = {"wilayah": "32.16.18", "acara": EVENT, "entri": "KIA_5_TO_17"}


@pytest.fixture
async def office() -> AsyncIterator[Desk]:
    async with desk() as running:
        (await publish(running)).raise_for_status()
        yield running


async def send(
    office: Desk, form: dict[str, str], file: bytes | None = None, page: str = PAGE
) -> httpx.Response:
    headers = office.messaging.headers("operator", "*") | {"Accept": "*/*"}
    files: Any = {"berkas": ("kelas.csv", file, "text/csv")} if file is not None else None
    return await office.client.post(page, data=ASKED | form, files=files, headers=headers)


async def shown(office: Desk, path: str) -> str:
    headers = office.messaging.headers("operator", "*") | {"Accept": "text/html"}
    return (await office.client.get(path, headers=headers)).raise_for_status().text


def rows(*pupils: str) -> str:
    return "\n".join((HEADER, *pupils))


async def test_the_page_lists_the_channels_that_take_childrens_cards(office: Desk) -> None:
    page = await shown(office, "/daftar-siswa")
    assert PAGE in page
    assert "/daftar-siswa/halo_pamor/eopen" in page
    assert "/daftar-siswa/halo_pamor/online" not in page
    form = await shown(office, PAGE)
    assert f'value="{EVENT}"' in form
    assert "32.16.18" in form


async def test_wrong_cells_are_named_and_nothing_is_recorded(office: Desk) -> None:
    sent = rows(ANI, "Dodi Rahasia;31-02-2015;;ya").encode()
    answer = await send(office, {"aksi": "periksa"}, sent)
    assert answer.status_code == 422
    assert "Baris 3, kolom tanggal_lahir: " in answer.text
    assert "Rahasia" not in answer.text
    assert 'value="catat"' not in answer.text
    tried = await send(office, {"aksi": "catat", "isi": sent.decode()})
    assert tried.status_code == 422
    assert (await office.operator("GET", "/requests?programme_id=botram")).json()["items"] == []


async def test_a_good_list_is_checked_recorded_once_and_its_slips_are_looks(office: Desk) -> None:
    checked = await send(office, {"aksi": "periksa"}, rows(ANI, BUDI, WITHOUT).encode())
    assert checked.status_code == 200
    assert "baris tanpa persetujuan: 4" in checked.text
    assert "Ani &lt;Contoh&gt;" in checked.text, "the list goes back in the form"
    record = {"aksi": "catat", "isi": rows(ANI, BUDI, WITHOUT), "balita": "KIA_UNDER_5"}
    first, again = await send(office, record), await send(office, record)
    assert (first.status_code, again.headers["location"]) == (303, first.headers["location"])
    slips = await shown(office, first.headers["location"].removeprefix("/intake"))
    assert slips.count('class="slip"') == 2
    assert "Ani &lt;Contoh&gt;" in slips
    cases = (await office.operator("GET", "/requests?programme_id=botram")).json()["items"]
    assert len(cases) == 2
    assert reads(office) == [(one["case_id"], "GET /slip-siswa/{visit_id}") for one in cases]


async def test_a_chosen_file_is_checked_before_it_is_recorded(office: Desk) -> None:
    """Who chooses another file and presses "record" is shown first what stands in it."""
    answer = await send(office, {"aksi": "catat", "isi": rows(ANI)}, rows(BUDI).encode())
    assert answer.status_code == 200
    assert "Budi" in answer.text
    assert (await office.operator("GET", "/requests?programme_id=botram")).json()["items"] == []


@pytest.mark.parametrize(
    ("form", "file", "words"),
    [
        ({}, None, "Pilih berkas daftar dahulu."),
        ({}, b"\xff\xfe\x00", "Simpan sebagai CSV UTF-8."),
        ({}, b"a" * (ROSTER_LARGEST + 1), "Berkas lebih dari 64 KB."),
        ({"isi": rows(ANI), "wilayah": "32.75.01"}, None, "Pilih kecamatan."),
        ({"isi": rows(ANI), "acara": ""}, None, "Pilih acara."),
    ],
)
async def test_what_cannot_be_recorded_is_refused_in_words(
    office: Desk, form: dict[str, str], file: bytes | None, words: str
) -> None:
    answer = await send(office, {"aksi": "catat", **form}, file)
    assert (answer.status_code, words in answer.text) == (422, True)


async def test_a_pupil_whose_request_is_open_is_named_by_row(office: Desk) -> None:
    await send(office, {"aksi": "catat", "isi": rows(f"{ANI}")})
    twice = "nama;tanggal_lahir;nik;persetujuan\nAni Contoh;1 Mei 2014;3216994105140001;ya"
    first = await send(office, {"aksi": "catat", "isi": twice})
    assert first.status_code == 303
    answer = await send(office, {"aksi": "catat", "isi": f"{twice}\nBudi Contoh;1 Mei 2014;;ya"})
    assert answer.status_code == 422
    assert "Baris 2: permohonan murid ini sudah ada" in answer.text


async def test_a_list_for_what_is_no_channel_of_the_programme_is_not_there(office: Desk) -> None:
    answer = await send(office, {}, page="/daftar-siswa/botram/agent")
    assert answer.status_code == 404
