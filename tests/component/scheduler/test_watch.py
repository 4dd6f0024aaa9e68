"""The supervisor's page of devices and conflicts as a browser gets it."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.component.scheduler.floor import DEVICE, KOTA, Floor, floor
from tests.component.scheduler.test_leases import OTHER, called, issued, seen
from tests.component.scheduler.test_pages import key_of, see
from tests.unit.scheduler.sample import SETU

SUPERVISOR = ("supervisor", "botram", "32.16")
PAGE = f"/perangkat/{SETU}"


@pytest.fixture
async def at() -> AsyncIterator[Floor]:
    async with floor() as running:
        yield running


async def shown(at: Floor, path: str = PAGE) -> str:
    """The page, its tags and line breaks as one space."""
    answer = await see(at, path, *SUPERVISOR)
    assert answer.status_code == 200, answer.text
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())


async def take(at: Floor, device: str, page: str = "") -> httpx.Response:
    """Press the button of a device."""
    headers = {**at.messaging.headers(*SUPERVISOR, subject="wati"), "Accept": "text/html"}
    headers.pop("Idempotency-Key", None)
    form = {"kunci": key_of(page) if page else "a-key-of-a-form", "perangkat": device}
    return await at.client.post(PAGE, data=form, headers=headers)


async def test_events_of_the_last_days_are_to_choose_from(at: Floor) -> None:
    for days, there in ((0, True), (7, True), (1, False)):
        at.messaging.clock.advance(days=days)
        page = (await see(at, "/perangkat", *SUPERVISOR)).text
        assert (f'href="/scheduler/perangkat/{SETU}"' in page) is there
        assert KOTA not in page
    assert "dalam tujuh hari terakhir" in page
    assert (await see(at, "/perangkat/tidak-ada", *SUPERVISOR)).status_code == 404


async def test_devices_are_shown_with_what_they_lease_and_since_when(at: Floor) -> None:
    assert "Belum ada perangkat" in await shown(at)
    for _ in range(2):
        await at.arrive()
    await at.lease({"numbers": {"KIA": 30}})
    at.messaging.clock.advance(minutes=5)
    body = {"booth_id": "loket-1", "hold": 2, "clock_ahead": 600}
    await at.lease(body, OTHER, subject="siti")
    await at.lease({"numbers": {"KIA": 30}})

    page = await shown(at)
    gate, booth = (page.partition(f"Perangkat {one[-8:]}")[2] for one in (DEVICE, OTHER))
    assert "Kartu Identitas Anak: A3 sampai A32, 30 belum dipakai" in gate
    assert "Meminjam sejak Sabtu, 11 Maret 2023 pukul 09.15 WIB" in gate
    assert "Terakhir terhubung Sabtu, 11 Maret 2023 pukul 09.20 WIB" in booth
    assert "Tempat Gerai loket-1 Akun siti" in booth
    assert "A1 sampai pukul 10.05 WIB A2 sampai pukul 10.05 WIB" in booth
    assert "Jam perangkat ini salah 10 menit." in booth
    assert "Semua catatan perangkat cocok." in page


async def test_a_lease_is_taken_back_and_whom_it_held_is_free(at: Floor) -> None:
    await at.arrive()
    await at.lease({"booth_id": "loket-1", "hold": 1}, OTHER)
    assert (await at.call("loket-2")).json()["ticket"] is None
    page = (await see(at, PAGE, *SUPERVISOR)).text
    answer = await take(at, OTHER, page)
    assert answer.status_code == 303, answer.text
    done = await shown(at, answer.headers["location"].removeprefix("/scheduler"))
    assert f"Pinjaman perangkat {OTHER[-8:]} diambil kembali." in done
    assert "Diambil kembali sejak Sabtu, 11 Maret 2023" in done
    assert "Ambil kembali pinjaman" not in done
    assert (await at.call("loket-2")).json()["ticket"]["label"] == "A1"
    [lease] = await seen(at, "leases")
    assert lease["ended"] == "taken_back"
    assert (await take(at, DEVICE)).status_code == 404


async def test_a_conflict_has_both_sides_with_their_times(at: Floor) -> None:
    await at.arrive()
    await at.lease({"booth_id": "loket-1", "hold": 1}, OTHER)
    at.messaging.clock.advance(minutes=46)
    assert (await at.call("loket-2")).json()["ticket"]["label"] == "A1"
    at.messaging.clock.advance(minutes=1)
    story: dict[str, Any] = called(claimed_at="2023-03-11T09:40:00+07:00", end="served")
    story["end_claimed_at"] = "2023-03-11T09:44:00+07:00"
    (await at.tell({"called": [story]}, OTHER)).raise_for_status()

    page = await shown(at)
    _, _, conflict = page.partition("Dipanggil dua gerai: A1")
    told, _, stands = conflict.partition("Menurut kantor")
    assert (
        f"Perangkat {OTHER[-8:]}, akun agus: terjadi Sabtu, 11 Maret 2023 pukul 09.40 WIB" in told
    )
    assert "sampai di kantor Sabtu, 11 Maret 2023 pukul 10.02 WIB" in told
    assert "akhirnya selesai dilayani Sabtu, 11 Maret 2023 pukul 09.44 WIB" in told
    assert "A1, sedang dipanggil, Gerai loket-2" in stands
    assert "dipanggil Sabtu, 11 Maret 2023 pukul 10.01 WIB" in stands
    assert "Gerai yang disebut: loket-1, loket-2" in stands


async def test_one_code_at_two_gates_shows_both_gates(at: Floor) -> None:
    await at.lease({"numbers": {"KIA": 10}})
    await at.lease({"numbers": {"KIA": 10}}, OTHER, subject="siti")
    (await at.tell({"issued": [issued(1)]})).raise_for_status()
    at.messaging.clock.advance(minutes=3)
    headers = at.messaging.headers("operator", "botram", "32.16", subject="siti")
    path = f"/api/events/{SETU}/leases/{OTHER}/stories"
    body = {"issued": [issued(11, claimed_at="2023-03-11T09:17:00+07:00")]}
    (await at.client.post(path, json=body, headers=headers)).raise_for_status()

    page = await shown(at)
    _, _, conflict = page.partition("Kode yang sama di dua gerbang: K7QW3ZTM")
    assert re.findall(r"akun (\w+): terjadi [^,]+, [^,]+ pukul ([0-9.]+)", conflict)[:2] == [
        ("agus", "09.15"),
        ("siti", "09.17"),
    ]


async def test_a_code_that_was_given_with_an_uplink_has_its_time(at: Floor) -> None:
    code = (await at.arrive()).json()["code"]
    await at.lease({"numbers": {"KIA": 10}})
    at.messaging.clock.advance(minutes=3)
    (
        await at.tell({"issued": [issued(2, code, claimed_at="2023-03-11T09:17:00+07:00")]})
    ).raise_for_status()

    page = await shown(at)
    assert f"Kode yang sama di dua gerbang: {code}" in page
    assert "Kode diberikan di gerbang dengan sambungan Sabtu, 11 Maret 2023 pukul 09.15" in page


async def test_people_at_another_booth_are_shown_there(at: Floor) -> None:
    await at.arrive("KK", "KIA")
    await at.lease({"booth_id": "loket-2", "hold": 1}, OTHER)
    assert (await at.call("loket-1")).json()["ticket"]["label"] == "B1"
    at.messaging.clock.advance(minutes=1)
    story = called(booth_id="loket-2", claimed_at="2023-03-11T09:15:30+07:00")
    (await at.tell({"called": [story]}, OTHER)).raise_for_status()

    _, _, conflict = (await shown(at)).partition("Orangnya sedang di gerai lain: A1")
    assert "B1, sedang dipanggil, Gerai loket-1" in conflict.partition("Menurut kantor")[2]


@pytest.mark.parametrize(
    ("later", "kind", "since"),
    [
        (timedelta(hours=4), "Sesudah acara atau antreannya tutup", "Acara tutup Sabtu, 11 Maret"),
        (timedelta(hours=6), "Sesudah masa pinjam habis", "Masa pinjam habis Sabtu, 11 Maret"),
    ],
)
async def test_what_a_device_should_not_have_done_is_held_against_its_time(
    at: Floor, later: timedelta, kind: str, since: str
) -> None:
    await at.lease({"numbers": {"KIA": 10}})
    at.messaging.clock.advance(seconds=later.total_seconds())
    told = (at.messaging.clock() - timedelta(minutes=1)).isoformat()
    (await at.tell({"issued": [issued(1, claimed_at=told)]})).raise_for_status()

    _, _, conflict = (await shown(at)).partition(f"{kind}: Perangkat {DEVICE[-8:]}")
    assert since in conflict
