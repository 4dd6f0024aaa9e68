"""Imports: sent, tried, begun, carried on, and nothing recorded twice whatever comes again."""

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

import pytest

from services.intake.app import TEXTS
from services.intake.domain import Refused
from services.intake.store import COLLECTIONS, IntakeReader
from services.intake.usecases import FILE_OVER, IMPORT
from services.intake.usecases.importing import CHUNK
from shared.files.purpose import TABLE_SENTENCES
from shared.files.removal import Removal
from shared.files.upload import Files
from shared.messaging.errors import Unavailable
from shared.testing.callers import NOW
from shared.web.texts import Texts
from shared.worker.client import Away
from tests.component.intake.kit import VIRUS, Desk, desk
from tests.unit.files.tables import GOOD, HEAD, separated, workbook
from tests.unit.intake.sample import EVENT, NIK

KEY = "the-same-key"
BAD = (
    ("31/02/2023", "09.15", "KIA", "Setu", "", ""),
    ("11/03/2023", "25.00", "SIM", "Atlantis", "123", "x" * 61),
    ("", "", "", "", "", "Siti"),
    ("Minggu, 11/03/2023", "09.15", "KIA", "Setu", "", ""),
    ("11/03/2023", "09.15", "=1+1", "Setu", "", ""),
    ("12/03/2023", "09.15", "KIA", "Setu", "", ""),
)
ANONYMOUS = ("11 Maret 2023", "pukul 09:15 WIB", "Kartu Keluarga", "32.16.18.2001", "", "")
NIK_ALONE = ("Sabtu, 11-03-2023", "09.05", "Kartu Identitas Anak", "Kec. Setu", NIK, "")


async def run(office: Desk, import_id: str, **body: Any) -> Any:
    return await office.importer("POST", f"/imports/{import_id}/run", json=body)


async def done(office: Desk, data: bytes, **body: Any) -> dict[str, Any]:
    """Bring a history in to its end and return how it went."""
    import_id = await office.brought(data)
    begun = await run(office, import_id, **(body or {"event_id": EVENT}))
    assert begun.status_code == 202, begun.text
    await office.carried()
    return await state(office, import_id)


async def state(office: Desk, import_id: str) -> dict[str, Any]:
    found: dict[str, Any] = (await office.importer("GET", f"/imports/{import_id}")).json()
    return found


def many(count: int) -> list[Sequence[str]]:
    return [("11/03/2023", "09.15", "KIA", "Setu", "", f"Orang {n}") for n in range(count)]


async def test_good_rows_are_recorded_with_their_old_times_and_bad_ones_named() -> None:
    async with desk() as office:
        office.messaging.clock.advance(hours=48)
        ended = await done(office, separated([NIK_ALONE, *BAD, ANONYMOUS]))
        counts = {name: ended[name] for name in ("state", "rows", "accepted", "refused", "done")}
        assert counts == {"state": "done", "rows": 8, "accepted": 2, "refused": 6, "done": 8}
        path = f"/imports/{ended['import_id']}/refusals"
        named = (await office.importer("GET", path)).json()["items"]
        assert [(one["row"], {c["cell"]: c["code"] for c in one["cells"]}) for one in named] == [
            (3, {"A3": "date_malformed"}),
            (
                4,
                {
                    "B4": "time_malformed",
                    "C4": "document_unknown",
                    "D4": "district_unknown",
                    "E4": "nik_malformed",
                    "F4": "name_malformed",
                },
            ),
            (5, {"A5": "date_missing", "C5": "document_missing", "D5": "district_missing"}),
            (6, {"A6": "weekday_differs"}),
            (7, {"C7": "formula"}),
            (8, {"A8": "event_over"}),
        ]
        cases = office.messaging.documents("cases")
        assert [(c["facts"]["received"][:16], c["service"], c["region_code"]) for c in cases] == [
            ("2023-03-11T02:05", "KIA", "32.16.18"),
            ("2023-03-11T02:15", "KK", "32.16.18.2001"),
        ]
        assert {c["event_id"] for c in cases} == {EVENT}


async def test_who_was_not_named_is_nobody_and_who_is_named_by_nik_alone_is_a_resident() -> None:
    async with desk() as office:
        await done(office, separated([NIK_ALONE, ANONYMOUS]))
        first, second = office.messaging.documents("cases")
        assert (set(first["parties"]), set(second["parties"])) == ({"applicant"}, set())
        shown = (await office.operator("GET", f"/requests/{first['_id']}")).json()
        assert shown["applicant"]["name"] == "tidak disebut"
        assert shown["applicant"]["nik"] == "3216********0001"
        nobody = (await office.operator("GET", f"/requests/{second['_id']}")).json()
        assert (nobody["applicant"]["name"], nobody["applicant"]["erased"]) == (
            "tidak disebut",
            False,
        )
        refused = await office.send(second["_id"], b"%PDF-")
        assert (refused.status_code, refused.json()["reason"]) == (409, "nobody_named")
        assert len(office.messaging.documents("statements")) == 1


async def test_a_dry_run_says_the_same_and_writes_nothing() -> None:
    async with desk() as office:
        import_id = await office.brought(workbook([NIK_ALONE, *BAD, ANONYMOUS, NIK_ALONE]))
        before = len(office.messaging.store.committed)
        path = f"/imports/{import_id}/dry-run?event_id={EVENT}"
        tried = await office.importer("GET", path)
        assert tried.status_code == 200, tried.text
        assert len(office.messaging.store.committed) == before
        assert not office.messaging.documents("cases")
        said = tried.json()
        assert (said["rows"], said["accepted"], said["refused"]) == (9, 2, 7)
        assert said["days"] == [{"day": "2023-03-11", "rows": 3}, {"day": "2023-03-12", "rows": 1}]
        (await run(office, import_id, event_id=EVENT)).raise_for_status()
        await office.carried()
        named = (await office.importer("GET", f"/imports/{import_id}/refusals")).json()["items"]
        assert named == said["refusals"]
        assert named[-1]["cells"][0]["code"] == "already_open"
        assert named[0]["cells"][0]["text"].startswith("Tanggal tidak dapat dibaca")


async def test_a_dry_run_is_read_by_pages() -> None:
    async with desk() as office:
        import_id = await office.brought(separated(BAD))
        rows: list[int] = []
        after: int | None = 0
        while after is not None:
            path = f"/imports/{import_id}/dry-run?event_id={EVENT}&limit=4&after={after}"
            page = (await office.importer("GET", path)).json()
            rows += [one["row"] for one in page["refusals"]]
            after = page["next_after"]
        assert rows == [2, 3, 4, 5, 6, 7]


async def test_a_run_that_is_cut_off_anywhere_leaves_no_double_and_no_gap() -> None:
    rows = many(CHUNK + 20)
    async with desk() as office:
        import_id = await office.brought(separated([*rows, *BAD]))
        await run(office, import_id, event_id=EVENT)
        real = office.importing[0]._commands.run_own
        cut = 0

        async def dies(*given: Any, **how: Any) -> Any:
            """Die with the rows recorded and the chunk not noted, twice."""
            nonlocal cut
            cut += 1
            if cut in (1, 3):
                raise Unavailable
            return await real(*given, **how)

        office.importing[0]._commands.run_own = dies  # type: ignore[method-assign]
        assert not await office.importing[0].look()
        assert len(office.messaging.documents("cases")) == CHUNK
        assert (await state(office, import_id))["done"] == 0
        assert not await office.importing[0].look()
        assert (await state(office, import_id))["done"] == CHUNK
        await office.carried()
        ended = await state(office, import_id)
        assert (ended["accepted"], ended["refused"]) == (len(rows), len(BAD))
        assert len(office.messaging.documents("cases")) == len(rows)
        received = [m for m in office.messaging.messages if "received" in m.envelope.type]
        assert len({m.envelope.aggregate_id for m in received}) == len(received) == len(rows)


async def test_a_row_comes_again_after_its_inbox_record_is_gone_and_is_no_second_case() -> None:
    async with desk() as office:
        import_id = await office.brought(separated(many(3)))
        await run(office, import_id, event_id=EVENT)
        real = office.importing[0]._commands.run_own

        async def dies(*_: Any, **__: Any) -> Any:
            raise Unavailable

        office.importing[0]._commands.run_own = dies  # type: ignore[method-assign]
        await office.importing[0].look()
        office.importing[0]._commands.run_own = real  # type: ignore[method-assign]
        office.messaging.memory.collections["inbox"].clear()
        await office.carried()
        assert len(office.messaging.documents("cases")) == 3
        assert (await state(office, import_id))["accepted"] == 3


async def test_the_same_file_is_recognised_under_whatever_name_and_offered() -> None:
    async with desk() as office:
        data = separated(many(2))
        ended = await done(office, data)
        again = await office.bring(data, "application/vnd.ms-excel")
        assert (again.status_code, again.json()["reason"]) == (409, "imported_already")
        assert again.json()["import_id"] == ended["import_id"]
        assert len(office.messaging.documents("files")) == 1
        # And begun again it stays as it is.
        same = await run(office, ended["import_id"], event_id=EVENT)
        assert (same.status_code, same.json()) == (202, ended)
        other = await run(office, ended["import_id"], without_event=True)
        assert (other.status_code, other.json()["reason"]) == (409, "import_other")
        assert len(office.messaging.documents("cases")) == 2


async def test_the_same_upload_sent_again_is_one_import() -> None:
    async with desk() as office:
        data = separated(many(2))
        first = await office.bring(data, key=KEY)
        again = await office.bring(data, key=KEY)
        assert first.json() == again.json()
        assert len(office.messaging.documents("imports")) == 1
        assert len(office.messaging.documents("files")) == 1


async def test_an_event_is_named_or_left_out_in_words() -> None:
    async with desk() as office:
        import_id = await office.brought(separated(many(1)))
        for body, reason in (
            ({}, "event_needed"),
            ({"event_id": "acara-lain"}, "event_unknown"),
            ({"event_id": EVENT, "without_event": True}, "event_twice"),
            ({"event_id": EVENT, "channel": "eopen"}, "channel_not_offered"),
        ):
            refused = await run(office, import_id, **body)
            assert (refused.status_code, refused.json()["reason"]) == (409, reason)
            offers = [one["offer"] for one in refused.json()["offers"]]
            unknown = reason in ("event_needed", "event_unknown")
            assert offers == (["create_event", "without_event"] if unknown else [])
            assert refused.json()["text"]
        assert (await state(office, import_id))["state"] == "checked"
        begun = await run(office, import_id, without_event=True)
        assert begun.json()["event_id"] is None
        await office.carried()
        (case,) = office.messaging.documents("cases")
        assert (case["event_id"], case["channel"]) == (None, "event")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"x;y\r\n1;2\r\n", "header_missing"),
        (
            separated([GOOD], head=("Tanggal", "Jam", "Foto", "Kec", "NIK", "Nama")),
            "header_missing",
        ),
        (
            separated([GOOD], head=("Tanggal", "Tgl", "Dokumen", "Kec", "NIK", "Nama")),
            "header_twice",
        ),
        (separated([]), "no_rows"),
    ],
)
async def test_a_table_without_its_columns_is_not_begun(data: bytes, reason: str) -> None:
    async with desk() as office:
        import_id = await office.brought(data)
        for asked in (
            await run(office, import_id, event_id=EVENT),
            await office.importer("GET", f"/imports/{import_id}/dry-run?event_id={EVENT}"),
        ):
            assert (asked.status_code, asked.json()["reason"]) == (409, reason)


@pytest.mark.parametrize(
    ("data", "status", "reason"),
    [
        (b"", 422, "empty"),
        (bytes(IMPORT.limit + 1), 413, "too_large"),
        (separated([GOOD]) + VIRUS, 422, "infected"),
        (b"PK\x03\x04", 422, "does_not_decode"),
    ],
)
async def test_a_file_that_is_no_table_leaves_nothing_behind(
    data: bytes, status: int, reason: str
) -> None:
    async with desk() as office:
        answer = await office.bring(data)
        assert (answer.status_code, answer.json()["reason"]) == (status, reason)
        assert answer.json()["text_key"] == f"import_file.{reason}"
        assert not office.frames.frames
        assert not office.messaging.documents("files")
        assert not office.messaging.documents("imports")


def test_every_reason_has_words() -> None:
    texts = Texts.load(TEXTS)
    for reason in TABLE_SENTENCES:
        assert texts(f"import_file.{reason}")


async def test_the_file_is_noise_and_its_key_goes_a_day_after_the_end() -> None:
    async with desk() as office:
        ended = await done(office, separated([NIK_ALONE]))
        assert NIK.encode() not in b"".join(office.frames.frames.values())
        (file,) = office.messaging.documents("files")
        await later(office, hours=23)
        assert office.frames.frames
        await later(office, hours=2)
        assert not office.frames.frames
        assert not office.messaging.documents("files")
        keys = {key["_id"]: key["sealed"] for key in office.messaging.documents("resident_keys")}
        assert keys.pop(file["_id"]) is None
        assert all(keys.values())
        # What it was stays known: the same file is not recorded a second time.
        again = await office.bring(separated([NIK_ALONE]))
        assert again.json()["import_id"] == ended["import_id"]


async def test_a_file_that_nobody_begins_goes_after_a_week_and_may_come_again() -> None:
    async with desk() as office:
        import_id = await office.brought(separated(many(1)))
        await later(office, hours=7 * 24 + 1)
        assert not office.frames.frames
        gone = await run(office, import_id, event_id=EVENT)
        assert (gone.status_code, gone.json()["reason"]) == (409, "import_file_gone")
        assert (await office.bring(separated(many(1)))).status_code == 201


async def test_a_file_stays_as_long_as_its_import_runs() -> None:
    async with desk() as office:
        import_id = await office.brought(separated(many(1)))
        await run(office, import_id, event_id=EVENT)
        await later(office, hours=30 * 24)
        assert not [t for t in office.messaging.documents("timers") if t["name"] == FILE_OVER]
        await office.carried()
        assert (await state(office, import_id))["state"] == "done"


async def later(office: Desk, hours: int) -> None:
    office.messaging.clock.advance(hours=hours)
    await office.messaging.settle()
    files = Files(office.frames, office.worker, office.messaging.commands(Refused))
    reader = IntakeReader(office.messaging.database, COLLECTIONS)
    await Removal(files, reader.files_going).look()


async def test_a_worker_that_is_away_puts_an_import_off_and_a_broken_file_ends_it() -> None:
    async with desk() as office:
        import_id = await office.brought(separated(many(1)))
        await run(office, import_id, event_id=EVENT)
        office.worker.troubles = [Away("gone")]
        assert not await office.importing[0].look()
        assert (await state(office, import_id))["state"] == "running"
        place = next(iter(office.frames.frames))
        office.frames.frames[place] = office.frames.frames[place][:-1] + b"x"
        assert await office.importing[0].look()
        assert (await state(office, import_id))["state"] == "failed"


async def test_a_mistake_over_one_import_ends_neither_the_service_nor_the_next_import() -> None:
    async with desk() as office:
        made = [await office.brought(separated(many(n))) for n in (1, 2)]
        for one in made:
            await run(office, one, event_id=EVENT)
        office.worker.troubles = [ValueError("a mistake of ours")]
        assert not await office.importing[0].look()
        states = [(await state(office, one))["state"] for one in made]
        assert sorted(states) == ["done", "running"]
        await office.carried()
        assert {(await state(office, one))["state"] for one in made} == {"done"}


async def test_a_row_is_the_action_of_who_began_and_names_nobody() -> None:
    async with desk() as office:
        await done(office, separated([GOOD, *BAD]))
        rows = [a for a in office.messaging.documents("actions") if a["action"] == "import row"]
        assert {a["actor"] for a in rows} == {"agus"}
        for name in ("imports", "import_files", "import_refusals", "actions", "cases", "files"):
            kept = json.dumps(office.messaging.documents(name), default=str)
            assert not any(word in kept for word in (NIK, "Siti", "Atlantis")), name


async def test_the_report_can_become_no_formula() -> None:
    async with desk() as office:
        ended = await done(office, separated(BAD))
        answer = await office.importer("GET", f"/imports/{ended['import_id']}/report")
        assert answer.headers["content-disposition"].startswith("attachment")
        rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff")), delimiter=";"))
        assert rows[0] == ["Baris", "Sel", "Kode", "Sebab"]
        assert rows[1][:3] == ["2", "A2", "date_malformed"]
        assert not [c for row in rows for c in row if c.startswith(("=", "+", "-", "@", "\t"))]
        assert any(c.startswith("Sel ini") for row in rows for c in row)


async def test_imports_are_listed_the_newest_first() -> None:
    async with desk() as office:
        made = [await office.brought(separated(many(n))) for n in (1, 2, 3)]
        first = (await office.importer("GET", "/imports?programme_id=botram&limit=2")).json()
        assert [one["import_id"] for one in first["items"]] == [made[2], made[1]]
        path = f"/imports?programme_id=botram&limit=2&cursor={first['next_cursor']}"
        rest = (await office.importer("GET", path)).json()
        assert [one["import_id"] for one in rest["items"]] == [made[0]]
        assert rest["next_cursor"] is None


async def test_another_programme_s_importer_and_one_of_a_part_see_nothing() -> None:
    async with desk() as office:
        import_id = await office.brought(separated(many(1)))
        for grant in (("importer", "halo_pamor", "*"), ("importer", "botram", "32.16.18")):
            answer = await office.ask("GET", f"/imports/{import_id}", *grant)
            assert answer.status_code == 403


async def test_what_has_not_happened_yet_is_refused() -> None:
    async with desk() as office:
        tomorrow = f"{NOW.year + 1}-01-02"
        ended = await done(office, separated([(tomorrow, *GOOD[1:])]), without_event=True)
        path = f"/imports/{ended['import_id']}/refusals"
        (named,) = (await office.importer("GET", path)).json()["items"]
        assert named["cells"][0]["code"] == "in_the_future"
        assert len(HEAD) == len(GOOD)
