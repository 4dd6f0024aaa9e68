"""Papers: sent, refused by name, bound, listed, fetched, and gone where nobody binds them."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from services.intake.app import TEXTS
from services.intake.domain import PAPER_LIMIT, Refused
from services.intake.store import COLLECTIONS, IntakeReader
from services.intake.usecases import PAPER
from shared.files.purpose import SENTENCES
from shared.files.removal import Removal
from shared.files.stored import UNBOUND
from shared.files.upload import AT_ONCE_EACH, TRIES, Files
from shared.web.texts import Texts
from shared.worker.client import Away, Busy, TooCostly
from tests.component.intake.kit import VIRUS, Desk, at_event, desk
from tests.unit.files import samples
from tests.unit.files.samples import image, pdf

KEY = "0b6a0a52-7a3c-4b8e-9d0a-made-up-key"


async def case_of(office: Desk) -> str:
    return str((await office.record(at_event()))["case_id"])


def nothing_left(office: Desk) -> bool:
    return not office.frames.frames and not office.messaging.documents("files")


async def test_a_photo_is_sent_bound_listed_and_fetched_for_saving() -> None:
    async with desk() as office:
        case_id = await case_of(office)
        sent = await office.send(case_id, image(), "image/jpeg")
        assert sent.status_code == 201, sent.text
        file = sent.json()
        assert file["type"] == "image/jpeg"

        bound = await office.bind(case_id, file["file_id"])
        assert bound.status_code == 200, bound.text
        listed = (await office.operator("GET", f"/requests/{case_id}/papers")).json()
        assert listed == {"items": [bound.json()]}
        assert listed["items"][0] | {"kind": "family_card", **file} == listed["items"][0]

        path = f"/requests/{case_id}/papers/{file['file_id']}/content"
        fetched = await office.operator("GET", path)
        assert fetched.status_code == 200
        assert len(fetched.content) == file["bytes"] == int(fetched.headers["content-length"])
        assert samples.WHERE.encode() not in fetched.content
        assert fetched.headers["content-type"] == "image/jpeg"
        assert fetched.headers["x-content-type-options"] == "nosniff"
        name = f'attachment; filename="family_card-{file["file_id"]}.jpg"'
        assert fetched.headers["content-disposition"] == name
        assert "sandbox" in fetched.headers["content-security-policy"]


async def test_a_look_at_a_paper_is_in_the_access_log() -> None:
    async with desk() as office:
        case_id = await case_of(office)
        file_id = (await office.send(case_id, pdf())).json()["file_id"]
        await office.bind(case_id, file_id)
        path = f"/requests/{case_id}/papers/{file_id}/content"
        (await office.operator("GET", path)).raise_for_status()
        (read,) = office.messaging.documents("person_reads")
        assert read["case_id"] == case_id
        assert read["route"] == "GET /api/requests/{case_id}/papers/{file_id}/content"


async def test_a_file_is_stored_as_noise_and_nowhere_twice() -> None:
    async with desk() as office:
        case_id = await case_of(office)
        data = pdf(3)
        file_id = (await office.send(case_id, data)).json()["file_id"]
        stored = b"".join(office.frames.frames.values())
        assert data[:64] not in stored
        assert b"%PDF" not in stored
        assert {name for name, _ in office.frames.frames} == {f"{file_id}.0"}
        await office.send(case_id, image())
        assert {name.rpartition(".")[2] for name, _ in office.frames.frames} == {"0", "1"}
        assert len(office.frames.closed) == 2


@pytest.mark.parametrize(
    ("make", "kind", "status", "reason"),
    [
        (lambda: b"", "image/jpeg", 422, "empty"),
        (lambda: bytes(PAPER.limit + 1), "image/jpeg", 413, "too_large"),
        (lambda: image()[:-300], "image/jpeg", 422, "cut_off"),
        (image, "image/png", 415, "wrong_type"),
        (lambda: b"hello", "text/plain", 415, "type_not_allowed"),
        (lambda: samples.HEIC, "image/heic", 415, "heic"),
        (lambda: samples.SVG, "image/svg+xml", 415, "svg"),
        (samples.locked, "application/pdf", 422, "password"),
        (lambda: pdf(change=samples.with_open_action), "application/pdf", 422, "script"),
        (lambda: pdf(change=samples.with_attachment), "application/pdf", 422, "embedded_file"),
        (lambda: pdf(201), "application/pdf", 422, "too_many_pages"),
        (lambda: samples.wide_png(50_000, 50_000), "image/png", 422, "too_many_pixels"),
        (lambda: b"%PDF-1.4\n%%EOF", "application/pdf", 422, "does_not_decode"),
        (lambda: image() + samples.archive(), "image/jpeg", 422, "polyglot"),
        (lambda: image() + VIRUS, "image/jpeg", 422, "infected"),
    ],
)
async def test_a_file_is_refused_by_name_and_leaves_nothing_behind(
    make: Callable[[], bytes], kind: str, status: int, reason: str
) -> None:
    async with desk() as office:
        case_id = await case_of(office)
        answer = await office.send(case_id, make(), kind)
        assert (answer.status_code, answer.json()["reason"]) == (status, reason)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["text_key"] == f"file.{reason}"
        assert nothing_left(office)
        # And the sender is free to send another.
        assert (await office.send(case_id, image())).status_code == 201


async def test_a_file_that_states_no_length_is_counted_as_it_comes() -> None:
    async def body() -> AsyncIterator[bytes]:
        for _ in range(PAPER.limit // 65536 + 1):
            yield bytes(65536)

    async with desk() as office:
        case_id = await case_of(office)
        headers = office.messaging.headers("operator")
        path = f"/api/requests/{case_id}/papers"
        answer = await office.client.post(path, content=body(), headers=headers)
        assert (answer.status_code, answer.json()["reason"]) == (413, "too_large")
        assert nothing_left(office)


def test_every_reason_has_words_for_the_page() -> None:
    texts = Texts.load(TEXTS)
    for reason in SENTENCES:
        assert texts(f"file.{reason}", mib=20, pages=200, megapixels=50)


async def test_the_same_key_again_brings_the_same_file_and_no_second() -> None:
    async with desk() as office:
        case_id = await case_of(office)
        first = await office.send(case_id, image(), key=KEY)
        before = dict(office.frames.frames)
        again = await office.send(case_id, image(), key=KEY)
        assert again.json() == first.json()
        assert office.frames.frames == before
        other = await office.send(case_id, pdf(), key=KEY)
        assert (other.status_code, other.json()["type"]) == (
            422,
            "/problems/idempotency-key-reused",
        )
        assert office.frames.frames == before
        assert len(office.messaging.documents("files")) == 1


async def test_a_worker_that_is_gone_for_a_moment_is_asked_again() -> None:
    async with desk() as office:
        case_id = await case_of(office)
        office.worker.troubles = [Away("gone")] * (TRIES - 1)
        assert (await office.send(case_id, image())).status_code == 201
        assert office.worker.given == ["clean_file"] * TRIES


@pytest.mark.parametrize(
    ("troubles", "status"),
    [([Away("gone")] * TRIES, 503), ([Busy()], 503), ([TooCostly("cpu")], 422)],
)
async def test_without_the_worker_a_file_is_put_off_and_leaves_nothing(
    troubles: list[Exception], status: int
) -> None:
    async with desk() as office:
        case_id = await case_of(office)
        office.worker.troubles = troubles
        answer = await office.send(case_id, image())
        assert answer.status_code == status
        assert ("retry-after" in answer.headers) == (status == 503)
        assert nothing_left(office)


async def test_without_the_scanner_nothing_is_taken_unscanned() -> None:
    async with desk() as office:
        case_id = await case_of(office)
        office.scanner.away = True
        answer = await office.send(case_id, image())
        assert (answer.status_code, "retry-after" in answer.headers) == (503, True)
        assert nothing_left(office)
        office.scanner.away = False
        data = image()
        assert (await office.send(case_id, data)).status_code == 201
        assert office.scanner.scanned == len(data)


async def test_a_file_is_bound_once_and_to_its_own_case() -> None:
    async with desk() as office:
        case_id, other = await case_of(office), await case_of(office)
        file_id = (await office.send(case_id, image())).json()["file_id"]
        assert (await office.bind(other, file_id)).json()["reason"] == "file_of_another"
        assert (await office.bind(case_id, "no-such-file")).status_code == 404
        assert (await office.bind(case_id, file_id, "passport")).status_code == 422
        assert (await office.bind(case_id, file_id)).status_code == 200
        assert (await office.bind(case_id, file_id)).json()["reason"] == "file_state"


async def test_nobody_reads_a_file_that_is_not_bound() -> None:
    async with desk() as office:
        case_id = await case_of(office)
        file_id = (await office.send(case_id, image())).json()["file_id"]
        path = f"/requests/{case_id}/papers/{file_id}/content"
        assert (await office.operator("GET", path)).status_code == 404
        assert (await office.operator("GET", f"/requests/{case_id}/papers")).json() == {"items": []}


async def test_a_case_has_no_more_papers_than_it_may() -> None:
    async with desk() as office:
        case_id = await case_of(office)
        small = image(size=(8, 8))
        for _ in range(PAPER_LIMIT):
            file_id = (await office.send(case_id, small)).json()["file_id"]
            assert (await office.bind(case_id, file_id)).status_code == 200
        file_id = (await office.send(case_id, small)).json()["file_id"]
        assert (await office.bind(case_id, file_id)).json()["reason"] == "too_many_papers"


async def test_one_account_sends_so_many_files_at_once() -> None:
    async with desk() as office:
        case_id = await case_of(office)
        go = asyncio.Event()

        async def slow() -> AsyncIterator[bytes]:
            yield image()[:100]
            await go.wait()
            yield image()[100:]

        path = f"/api/requests/{case_id}/papers"
        coming = [
            asyncio.create_task(
                office.client.post(
                    path, content=slow(), headers=office.messaging.headers("operator")
                )
            )
            for _ in range(AT_ONCE_EACH)
        ]
        while len(office.messaging.documents("files")) < AT_ONCE_EACH:  # noqa: ASYNC110
            await asyncio.sleep(0)
        refused = await office.send(case_id, image())
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "5")
        go.set()
        assert {one.status_code for one in await asyncio.gather(*coming)} == {201}


async def test_frames_that_were_exchanged_or_cut_off_do_not_open() -> None:
    async with desk() as office:
        case_id = await case_of(office)
        data = pdf(change=samples.of_size(600_000))
        file_id = (await office.send(case_id, data)).json()["file_id"]
        await office.bind(case_id, file_id)
        path, name = f"/requests/{case_id}/papers/{file_id}/content", f"{file_id}.0"
        assert (await office.operator("GET", path)).content == data
        frames = office.frames.frames
        first, second = frames[name, 0], frames[name, 1]
        frames[name, 0], frames[name, 1] = second, first
        assert (await office.operator("GET", path)).json()["type"] == "/problems/unsealable"
        frames[name, 0], frames[name, 1] = first, second
        del frames[name, 2]
        with pytest.raises(AssertionError):  # the answer has begun, and does not end
            await office.operator("GET", path)
        frames.clear()
        assert (await office.operator("GET", path)).status_code == 500


async def after_a_day(office: Desk) -> None:
    """Let a day pass, have timers fire and what is going be removed."""
    office.messaging.clock.advance(hours=25)
    await office.messaging.settle()
    files = Files(office.frames, office.worker, office.messaging.commands(Refused))
    reader = IntakeReader(office.messaging.database, COLLECTIONS)
    await Removal(files, reader.files_going).look()


async def test_what_nobody_binds_within_a_day_is_removed_with_its_frames() -> None:
    async with desk() as office:
        case_id = await case_of(office)
        (await office.send(case_id, image())).raise_for_status()
        assert office.frames.frames
        await after_a_day(office)
        assert nothing_left(office)


async def test_what_is_bound_stays() -> None:
    async with desk() as office:
        case_id = await case_of(office)
        file_id = (await office.send(case_id, image())).json()["file_id"]
        (await office.bind(case_id, file_id)).raise_for_status()
        kept = dict(office.frames.frames)
        await after_a_day(office)
        assert office.frames.frames == kept
        (file,) = office.messaging.documents("files")
        assert file["state"] == "bound"
        assert not [t for t in office.messaging.documents("timers") if t["name"] == UNBOUND]
