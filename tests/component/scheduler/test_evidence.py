"""Evidence of events: sent, refused by name, bound, seen by few, removed, and gone unbound."""

import pytest

from services.scheduler.domain import EVIDENCE_LIMIT
from services.scheduler.store import COLLECTIONS, SchedulerReader
from shared.files.removal import Removal
from shared.files.stored import UNBOUND, UNBOUND_FOR
from shared.files.upload import Files
from tests.component.scheduler.floor import KOTA, Floor, floor
from tests.unit.files import samples
from tests.unit.files.samples import image, pdf
from tests.unit.scheduler.sample import SETU

PATH = f"/api/events/{SETU}/evidence"
PLANNER = ("planner", "botram", "32.16")


def nothing_left(at: Floor) -> bool:
    return not at.frames.frames and not at.messaging.documents("files")


async def remove(at: Floor, file_id: str) -> int:
    headers = at.messaging.headers(*PLANNER)
    return (await at.client.delete(f"{PATH}/{file_id}", headers=headers)).status_code


async def test_a_photo_is_sent_bound_listed_and_fetched_for_saving() -> None:
    async with floor() as at:
        sent = await at.send(image(), kind="image/jpeg")
        assert sent.status_code == 201, sent.text
        file = sent.json()
        assert (await at.get(PATH, *PLANNER)).json() == {"items": []}
        bound = await at.bind(file["file_id"])
        assert bound.status_code == 200, bound.text
        listed = (await at.get(PATH, *PLANNER)).json()
        assert listed == {"items": [bound.json()]}
        assert listed["items"][0] | {"kind": "photo", **file} == listed["items"][0]
        fetched = await at.get(f"{PATH}/{file['file_id']}/content", *PLANNER)
        assert fetched.status_code == 200
        assert len(fetched.content) == file["bytes"]
        assert samples.WHERE.encode() not in fetched.content
        name = f'attachment; filename="photo-{file["file_id"]}.jpg"'
        assert fetched.headers["content-disposition"] == name
        assert fetched.headers["x-content-type-options"] == "nosniff"


async def test_nothing_of_it_lies_there_in_plain() -> None:
    async with floor() as at:
        await at.evidence()
        whole = b"".join(at.frames.frames.values())
        assert whole
        assert b"JFIF" not in whole
        (file,) = at.messaging.documents("files")
        assert set(file["sealed_key"]) == {"master", "sealed"}


async def test_every_look_is_kept_and_counted_and_a_look_at_the_list_is_none() -> None:
    async with floor() as at:
        file_id = await at.evidence()
        await at.get(PATH, *PLANNER)
        before = len(at.messaging.documents("audit"))
        await at.get(f"{PATH}/{file_id}/content", *PLANNER)
        (look,) = at.messaging.documents("audit")[before:]
        assert (look["deed"], look["said"]) == ("evidence_read", [file_id])
        assert (look["actor"], look["about"]) == ("agus", SETU)


@pytest.mark.parametrize(
    ("data", "kind", "status", "reason"),
    [
        (b"", "", 422, "empty"),
        (b"GIF89a" + bytes(40), "image/gif", 415, "type_not_allowed"),
        (image(), "application/pdf", 415, "wrong_type"),
        (image() + samples.archive(), "image/jpeg", 422, "polyglot"),
        (bytes(20 * 1024 * 1024 + 1), "", 413, "too_large"),
    ],
    ids=["empty", "gif", "wrong type", "polyglot", "too large"],
)
async def test_a_file_is_refused_by_name_and_leaves_nothing_behind(
    data: bytes, kind: str, status: int, reason: str
) -> None:
    async with floor() as at:
        answer = await at.send(data, kind=kind)
        assert (answer.status_code, answer.json()["reason"]) == (status, reason)
        assert nothing_left(at)


async def test_the_same_key_again_brings_the_same_file_and_no_second() -> None:
    async with floor() as at:
        letter = pdf()
        first, again = [await at.send(letter, key="made-up-key-of-a-file") for _ in range(2)]
        assert first.json() == again.json()
        assert len(at.messaging.documents("files")) == 1


async def test_a_file_belongs_to_the_event_that_it_was_sent_for_and_is_bound_once() -> None:
    async with floor() as at:
        headers = at.messaging.headers("operator")
        other = await at.client.post(
            f"/api/events/{KOTA}/evidence", content=image(), headers=headers
        )
        refused = await at.bind(other.json()["file_id"])
        assert (refused.status_code, refused.json()["reason"]) == (409, "file_of_another")
        file_id = await at.evidence()
        again = await at.bind(file_id, "minutes")
        assert (again.status_code, again.json()["reason"]) == (409, "file_state")
        assert (await at.bind("no-such-file")).status_code == 404
        foreign = f"/api/events/{KOTA}/evidence/{file_id}/content"
        assert (await at.get(foreign, "planner", "*", "*")).status_code == 404


async def test_an_event_has_so_many_files_and_no_more() -> None:
    async with floor() as at:
        await at.evidence()
        (kept,) = at.messaging.memory.collections["evidence"].values()
        kept["items"] = [
            {**kept["items"][0], "id": f"file-{number}"} for number in range(EVIDENCE_LIMIT)
        ]
        refused = await at.bind(await at.evidence(bound=False))
        assert (refused.status_code, refused.json()["reason"]) == (409, "too_much_evidence")


async def test_what_is_removed_is_gone_for_good() -> None:
    async with floor() as at:
        file_id = await at.evidence()
        assert await remove(at, file_id) == 204
        assert (await at.get(PATH, *PLANNER)).json() == {"items": []}
        assert (await at.get(f"{PATH}/{file_id}/content", *PLANNER)).status_code == 404
        await swept(at)
        assert nothing_left(at)
        assert await remove(at, file_id) == 404


async def test_what_nobody_binds_is_removed_by_a_timer_and_what_is_bound_stays() -> None:
    async with floor() as at:
        kept, left = await at.evidence(), await at.evidence(bound=False)
        at.messaging.clock.advance(seconds=UNBOUND_FOR.total_seconds() + 1)
        await at.messaging.settle()
        await swept(at)
        assert [one["_id"] for one in at.messaging.documents("files")] == [kept]
        assert not any(left in name for name, _ in at.frames.frames)
        assert UNBOUND not in str(at.messaging.documents("timers"))


async def swept(at: Floor) -> None:
    """Have the sweep look once, as it does each minute."""
    messaging = at.messaging
    reader = SchedulerReader(messaging.database, COLLECTIONS)
    files = at.client._transport.app.state.provided[Files]  # type: ignore[attr-defined]
    await Removal(files, reader.files_going).look()


async def test_an_unknown_event_has_none() -> None:
    async with floor() as at:
        assert (await at.send(image(), "nowhere")).status_code == 404
        assert (await at.get("/api/events/nowhere/evidence", *PLANNER)).status_code == 404
        assert nothing_left(at)
