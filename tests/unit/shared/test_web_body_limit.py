from collections.abc import AsyncIterator

import pytest

from shared.web.body import BODY_LIMIT
from shared.web.bodylimit import PIECE
from tests.unit.shared.web_kit import FORM, UPLOAD_LIMIT, Kit

OPERATOR = "operator:botram:32.16"
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def kit() -> Kit:
    return Kit()


class Upload:
    """A body sent piece by piece, without saying how long it will be."""

    def __init__(self, pieces: int, size: int = 64 * 1024) -> None:
        self.sent = 0
        self._pieces = pieces
        self._size = size

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for _ in range(self._pieces):
            self.sent += 1
            yield b"x" * self._size


async def test_exactly_the_limit_passes(kit: Kit) -> None:
    async with kit.client as http:
        answer = await http.post(
            "/api/bare", content=b"x" * BODY_LIMIT, headers=kit.bearer(OPERATOR)
        )
        assert answer.json() == {"bytes": BODY_LIMIT}
        answer = await http.post("/api/bare", content=Upload(4), headers=kit.bearer(OPERATOR))
        assert answer.json() == {"bytes": BODY_LIMIT}


@pytest.mark.parametrize("path", ["/api/bare", "/api/people", "/api/public", "/api/nowhere"])
async def test_a_stated_length_above_the_limit_is_refused_unread(kit: Kit, path: str) -> None:
    content = b"x" * (BODY_LIMIT + 1)
    async with kit.client as http:
        answer = await http.post(path, content=content, headers={**kit.bearer(OPERATOR), **JSON})
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["connection"] == "close"
    assert answer.json()["type"] == "/problems/body-too-large"
    assert str(BODY_LIMIT) in answer.json()["detail"]


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/api/bare", {}), ("/api/people", JSON), ("/form", FORM)],
)
async def test_an_unstated_length_is_counted_and_reading_stops(
    kit: Kit, path: str, kind: dict[str, str]
) -> None:
    upload = Upload(1000)
    headers = {**kit.bearer(OPERATOR), **kind}
    async with kit.client as http:
        answer = await http.post(path, content=upload, headers=headers)
    assert answer.status_code == 413
    assert answer.json()["type"] == "/problems/body-too-large"
    assert upload.sent == 5


async def test_a_lie_about_the_length_is_counted_too(kit: Kit) -> None:
    headers = {**kit.bearer(OPERATOR), "Content-Length": "10"}
    async with kit.client as http:
        answer = await http.post("/api/bare", content=Upload(1000), headers=headers)
    assert answer.status_code == 413


async def test_a_person_reads_it_as_a_page(kit: Kit) -> None:
    headers = {**kit.bearer(OPERATOR), **FORM, "Accept": "text/html"}
    async with kit.client as http:
        answer = await http.post("/form", content=Upload(1000), headers=headers)
    assert answer.status_code == 413
    assert "Kiriman terlalu besar" in answer.text


async def test_good_traffic_goes_on(kit: Kit) -> None:
    async with kit.client as http:
        await http.post("/api/bare", content=Upload(1000), headers=kit.bearer(OPERATOR))
        assert (await http.get("/api/public")).status_code == 200


async def test_a_route_for_files_has_its_own_limit_and_a_piece_more_to_refuse_by_name(
    kit: Kit,
) -> None:
    headers = kit.bearer(OPERATOR)
    async with kit.client as http:
        content = b"x" * (UPLOAD_LIMIT + PIECE)
        answer = await http.post("/api/file", content=content, headers=headers)
        assert answer.json() == {"bytes": UPLOAD_LIMIT + PIECE}
        upload = Upload(1000)
        answer = await http.post("/api/file", content=upload, headers=headers)
        assert answer.status_code == 413
        assert upload.sent == (UPLOAD_LIMIT + PIECE) // (64 * 1024) + 1


async def test_who_may_send_no_file_is_told_so_and_nothing_is_read(kit: Kit) -> None:
    async with kit.client as http:
        for headers, status in ((kit.bearer("head:botram:32.16"), 403), ({}, 401)):
            upload = Upload(1000)
            answer = await http.post("/api/file", content=upload, headers=headers)
            assert (answer.status_code, upload.sent) == (status, 0)


async def test_who_sends_a_file_without_an_account_is_let_in_by_the_route_or_sends_no_more(
    kit: Kit,
) -> None:
    async with kit.client as http:
        upload = Upload(1000)
        refused = await http.post("/api/public-file", content=upload)
        assert (refused.status_code, upload.sent) == (413, 5)
        stated = await http.post("/api/public-file", content=b"x" * (BODY_LIMIT + 1))
        assert stated.status_code == 413
        let_in = {"Let-In": "yes"}
        content = b"x" * (UPLOAD_LIMIT + PIECE)
        taken = await http.post("/api/public-file", content=content, headers=let_in)
        assert taken.json() == {"bytes": UPLOAD_LIMIT + PIECE}
        upload = Upload(1000)
        above = await http.post("/api/public-file", content=upload, headers=let_in)
        assert (above.status_code, upload.sent) == (413, (UPLOAD_LIMIT + PIECE) // (64 * 1024) + 1)
