"""Papers that residents send: who holds the code, what the checklist names, while it is open."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from services.intake.app import TEXTS
from services.intake.domain import OWN_LIMIT
from services.intake.pages.tracking import PASS_FOR
from services.intake.usecases import PAPER, SEND_AT_ONCE
from shared.web.texts import Texts
from tests.component.intake.kit import VIRUS, Desk, at_event, desk
from tests.component.intake.own import HTML, pass_of, recorded, send
from tests.unit.files import samples
from tests.unit.files.samples import image, pdf

WORDS = Texts.load(TEXTS)


def nothing_left(office: Desk) -> bool:
    return not office.frames.frames and not office.messaging.documents("files")


async def test_what_a_resident_sends_is_bound_sealed_and_counts_towards_the_checklist() -> None:
    async with desk() as office:
        one = await recorded(office)
        answer = await send(office, await pass_of(office, one["tracking_code"]))
        assert answer.status_code == 201, answer.text
        assert answer.json() == {
            "kind": "family_card",
            "text": WORDS("papers.taken"),
            "lacking": ["Surat kuasa F-1.07."],
        }
        path = f"/requests/{one['case_id']}"
        (line, _) = (await office.operator("GET", f"{path}/checklist")).json()["items"]
        assert line["standing"] == "present"
        (paper,) = (await office.operator("GET", f"{path}/papers")).json()["items"]
        (kept,) = office.messaging.documents("papers")
        assert kept["papers"][0]["by"] == "resident"
        content = await office.operator("GET", f"{path}/papers/{paper['file_id']}/content")
        assert content.status_code == 200
        assert samples.WHERE.encode() not in content.content
        assert image()[:64] not in b"".join(office.frames.frames.values())


async def test_the_page_names_what_is_needed_and_nobody() -> None:
    async with desk() as office:
        one = await recorded(office)
        form = {"kode": one["tracking_code"]}
        page = (await office.client.post("/lacak/berkas", data=form, headers=HTML)).text
        assert "Bawa Kartu Keluarga." in page
        assert 'data-kind="power_of_attorney"' in page
        assert "Sukarno" not in page
        assert one["tracking_code"] not in page
        shown = await pass_of(office, one["tracking_code"])
        await send(office, shown)
        again = await office.client.post("/lacak/berkas", data={"tanda": shown}, headers=HTML)
        assert WORDS("papers.standing.present") in again.text
        state = await office.client.post("/lacak", data={"tanda": shown}, headers=HTML)
        assert WORDS("state.received") in state.text
        assert "Bawa Kartu Keluarga." not in state.text


@pytest.mark.parametrize(
    ("make", "kind", "status", "reason"),
    [
        (lambda: b"", "image/jpeg", 422, "empty"),
        (lambda: bytes(PAPER.limit + 1), "image/jpeg", 413, "too_large"),
        (lambda: image()[:-300], "image/jpeg", 422, "cut_off"),
        (lambda: b"hello", "text/plain", 415, "type_not_allowed"),
        (lambda: samples.SVG, "image/svg+xml", 415, "svg"),
        (lambda: pdf(change=samples.with_open_action), "application/pdf", 422, "script"),
        (lambda: image() + VIRUS, "image/jpeg", 422, "infected"),
    ],
)
async def test_a_bad_file_is_refused_in_the_residents_words_and_leaves_nothing(
    make: Callable[[], bytes], kind: str, status: int, reason: str
) -> None:
    async with desk() as office:
        shown = await pass_of(office, (await recorded(office))["tracking_code"])
        answer = await send(office, shown, make(), **{"Content-Type": kind})
        assert (answer.status_code, answer.json()["reason"]) == (status, reason)
        words = WORDS(f"file.{reason}", mib=20, pages=200, megapixels=50)
        assert answer.json()["detail"] == words
        assert nothing_left(office)
        assert (await send(office, shown)).status_code == 201


async def test_a_file_without_a_length_is_counted_as_it_comes() -> None:
    async def body() -> AsyncIterator[bytes]:
        for _ in range(PAPER.limit // 65536 + 1):
            yield bytes(65536)

    async with desk() as office:
        shown = await pass_of(office, (await recorded(office))["tracking_code"])
        path, headers = "/api/track/papers/family_card", {"Send-Pass": shown}
        answer = await office.client.post(path, content=body(), headers=headers)
        assert (answer.status_code, answer.json()["reason"]) == (413, "too_large")
        assert nothing_left(office)


async def test_without_a_right_pass_nothing_is_read_and_wrong_ones_are_counted() -> None:
    sent = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(100):
            sent += 1
            yield bytes(65536)

    async with desk(per_client="3/minute") as office:
        shown = await pass_of(office, (await recorded(office))["tracking_code"])
        case_id, until, signs = shown.split("/")
        wrong = [f"{case_id}/{int(until) + 1}/{signs}", f"{case_id}/x/{signs}", "a"]
        for one in wrong:
            path, headers = "/api/track/papers/family_card", {"Send-Pass": one}
            answer = await office.client.post(path, content=body(), headers=headers)
            assert (answer.status_code, answer.json()["detail"]) == (404, WORDS("papers.pass"))
        assert sent == 0
        assert (await send(office, shown)).status_code == 429
        assert nothing_left(office)


async def test_a_pass_is_of_use_for_an_hour_and_for_its_own_request() -> None:
    async with desk() as office:
        one = await recorded(office)
        other = await office.record(at_event(applicant={"name": "Orang Lain"}))
        shown = await pass_of(office, one["tracking_code"])
        assert (await send(office, shown)).status_code == 201
        (kept,) = office.messaging.documents("papers")
        assert kept["_id"] == one["case_id"] != other["case_id"]
        office.messaging.clock.advance(seconds=PASS_FOR.total_seconds())
        assert (await send(office, shown, pdf())).status_code == 404
        page = await office.client.post("/lacak", data={"tanda": shown}, headers=HTML)
        assert page.status_code == 422
        assert page.text.count(WORDS("papers.pass")) == 2


async def test_only_what_the_checklist_names_is_taken() -> None:
    async with desk() as office:
        shown = await pass_of(office, (await recorded(office))["tracking_code"])
        answer = await send(office, shown, kind="police_report")
        assert (answer.status_code, answer.json()["reason"]) == (409, "not_wanted")
        assert answer.json()["detail"] == WORDS("papers.refused.not_wanted")
        assert (await send(office, shown, kind="passport")).status_code == 422
        assert nothing_left(office)


@pytest.mark.parametrize(("step", "reason"), [("cancel", "closed"), ("issue", "already_issued")])
async def test_papers_are_taken_only_while_they_are_waited_for(step: str, reason: str) -> None:
    async with desk() as office:
        one = await recorded(office)
        shown = await pass_of(office, one["tracking_code"])
        (await office.step(one["case_id"], step)).raise_for_status()
        answer = await send(office, shown)
        assert (answer.status_code, answer.json()["reason"]) == (409, reason)
        assert answer.json()["detail"] == WORDS(f"papers.refused.{reason}")
        form = {"kode": one["tracking_code"]}
        page = await office.client.post("/lacak/berkas", data=form, headers=HTML)
        assert "data-pass" not in page.text
        assert WORDS("tracking.state") in page.text


async def test_while_the_processing_is_stopped_none_is_taken() -> None:
    async with desk() as office:
        one = await recorded(office)
        shown = await pass_of(office, one["tracking_code"])
        path = f"/residents/{await office.resident(one['case_id'])}/restriction"
        stopped = await office.person("POST", path, json={"reason": "Permintaan warga"})
        stopped.raise_for_status()
        answer = await send(office, shown)
        assert (answer.status_code, answer.json()["reason"]) == (409, "restricted")
        assert nothing_left(office)


async def test_the_same_file_again_is_done_once() -> None:
    async with desk() as office:
        shown = await pass_of(office, (await recorded(office))["tracking_code"])
        assert [(await send(office, shown)).status_code for _ in range(2)] == [201, 201]
        (kept,) = office.messaging.documents("papers")
        assert len(kept["papers"]) == 1
        assert len(office.messaging.documents("files")) == 1


async def test_residents_leave_room_for_the_offices_own_papers() -> None:
    async with desk() as office:
        one = await recorded(office)
        shown = await pass_of(office, one["tracking_code"])
        for number in range(OWN_LIMIT):
            answer = await send(office, shown, image(size=(8, 8 + number)))
            assert answer.status_code == 201
        answer = await send(office, shown)
        assert (answer.status_code, answer.json()["reason"]) == (409, "too_many_papers")
        file_id = (await office.send(one["case_id"], image())).json()["file_id"]
        assert (await office.bind(one["case_id"], file_id)).status_code == 200


@pytest.mark.parametrize("limit", ["send_limit_client", "send_limit_case"])
async def test_one_address_and_one_request_send_so_often_and_no_more(limit: str) -> None:
    settings: dict[str, Any] = {limit: "2/hour"}
    async with desk(**settings) as office:
        shown = await pass_of(office, (await recorded(office))["tracking_code"])
        found = [(await send(office, shown, b"")).status_code for _ in range(3)]
        assert found == [422, 422, 429]


async def test_residents_take_no_turn_of_the_office() -> None:
    go, begun = asyncio.Event(), asyncio.Semaphore(0)

    async def slow() -> AsyncIterator[bytes]:
        begun.release()
        await go.wait()
        yield image()

    async with desk() as office:
        one = await recorded(office)
        codes = [one["tracking_code"]]
        for number in range(SEND_AT_ONCE):
            other = at_event(applicant={"name": f"Warga {number}"})
            codes.append((await office.record(other))["tracking_code"])
        passes = [await pass_of(office, code) for code in codes]
        path = "/api/track/papers/family_card"
        first = [
            asyncio.create_task(
                office.client.post(path, content=slow(), headers={"Send-Pass": shown})
            )
            for shown in passes[:-1]
        ]
        for _ in first:
            await begun.acquire()
        late = await send(office, passes[-1])
        assert (late.status_code, late.json()["detail"]) == (503, WORDS("papers.busy"))
        assert (await office.send(one["case_id"], image())).status_code == 201
        go.set()
        assert {answer.status_code for answer in await asyncio.gather(*first)} == {201}
        assert (await send(office, passes[-1])).status_code == 201
