"""Evidence of a programme's year: the same mechanism as of events, with reporting's own rules."""

import pytest

from services.reporting.store import COLLECTIONS, Reader
from services.reporting.usecases.evidence import LIMIT
from shared.files.removal import Removal
from shared.files.stored import UNBOUND_FOR
from shared.files.upload import Files
from tests.component.reporting.kit import EVIDENCE, Desk, desk, two_offices
from tests.unit.files import samples
from tests.unit.files.samples import image

HEAD = ("head", "botram", "32.16")


async def test_a_file_is_sent_bound_listed_and_fetched_and_each_look_is_kept() -> None:
    async with desk() as full:
        await two_offices(full)
        sent = await full.send(image())
        assert sent.status_code == 201, sent.text
        file = sent.json()
        assert (await full.get(EVIDENCE, *HEAD)).json() == {"items": []}
        bound = await full.bind(file["file_id"], "survey")
        assert bound.status_code == 200, bound.text
        assert (await full.get(EVIDENCE, *HEAD)).json() == {"items": [bound.json()]}
        fetched = await full.get(f"{EVIDENCE}/{file['file_id']}/content", *HEAD)
        assert fetched.status_code == 200
        assert samples.WHERE.encode() not in fetched.content
        assert "survey-" in fetched.headers["content-disposition"]
        bound_by, look = full.messaging.documents("audit")
        assert (bound_by["deed"], look["deed"]) == ("evidence_bound", "evidence_read")
        assert (look["actor"], look["about"]) == ("agus", "botram.2023")
        assert look["said"] == [file["file_id"]]
        assert b"JFIF" not in b"".join(full.frames.frames.values())


async def test_a_file_is_of_its_year_alone() -> None:
    async with desk() as full:
        await two_offices(full)
        file_id = await full.evidence()
        other = EVIDENCE.replace("2023", "2024")
        assert (await full.get(other, *HEAD)).json() == {"items": []}
        assert (await full.get(f"{other}/{file_id}/content", *HEAD)).status_code == 404
        headers = full.messaging.headers("planner", "botram", "32.16")
        left = (await full.send(image())).json()["file_id"]
        foreign = await full.client.post(
            f"{other}/{left}", json={"kind": "report"}, headers=headers
        )
        assert (foreign.status_code, foreign.json()["reason"]) == (409, "file_of_another")


@pytest.mark.parametrize("year", ["1999", "2101", "x"])
async def test_a_year_that_is_none_is_refused_by_name(year: str) -> None:
    async with desk() as full:
        await two_offices(full)
        answer = await full.get(EVIDENCE.replace("2023", year), *HEAD)
        assert answer.status_code == 422
        assert [one["field"] for one in answer.json()["errors"]] == ["path/year"]


async def test_a_year_has_so_many_files_and_no_programme_none() -> None:
    async with desk() as full:
        await two_offices(full)
        await full.evidence()
        (kept,) = full.messaging.memory.collections["evidence"].values()
        kept["items"] = [{**kept["items"][0], "id": f"f-{number}"} for number in range(LIMIT)]
        refused = await full.bind(await full.evidence(bound=False))
        assert (refused.status_code, refused.json()["reason"]) == (409, "too_much_evidence")
        nowhere = EVIDENCE.replace("botram", "nowhere")
        assert (await full.get(nowhere, "head", "*", "*")).status_code == 404


async def test_what_is_removed_or_left_unbound_goes_for_good() -> None:
    async with desk() as full:
        await two_offices(full)
        file_id, left = await full.evidence(), await full.evidence(bound=False)
        headers = full.messaging.headers("supervisor", "botram", "32.16")
        gone = await full.client.delete(f"{EVIDENCE}/{file_id}", headers=headers)
        assert gone.status_code == 204
        assert (await full.get(f"{EVIDENCE}/{file_id}/content", *HEAD)).status_code == 404
        full.messaging.clock.advance(seconds=UNBOUND_FOR.total_seconds() + 1)
        await full.messaging.settle()
        await swept(full)
        assert full.messaging.documents("files") == []
        assert not full.frames.frames, left


async def swept(full: Desk) -> None:
    """Have the sweep look once, as it does each minute."""
    reader = Reader(full.messaging.database, COLLECTIONS)
    files = full.client._transport.app.state.provided[Files]  # type: ignore[attr-defined]
    await Removal(files, reader.files_going).look()
