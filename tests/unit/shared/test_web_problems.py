import io
import logging
from typing import Any

import httpx
import pytest
from fastapi import APIRouter
from prometheus_client import CollectorRegistry

from shared.auth.rules import PUBLIC
from shared.observability.health import Health
from shared.observability.logs import JsonLines
from shared.web.app import create_app
from shared.web.body import TEXT_LIMIT
from shared.web.problems import MAX_ERRORS, MAX_SEGMENT, FieldError, InvalidFields
from tests.unit.shared.web_kit import NIK, Kit, client

OPERATOR = "operator:botram:32.16"
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def kit() -> Kit:
    return Kit()


async def post(kit: Kit, body: Any = None, **options: Any) -> httpx.Response:
    headers = {**kit.bearer(OPERATOR), **options.pop("headers", {})}
    if body is not None:
        options["json"] = body
    async with kit.client as http:
        answer = await http.post("/api/people", headers=headers, **options)
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == answer.status_code
    return answer


async def test_a_good_body_passes(kit: Kit) -> None:
    answer = await post(kit, {"nik": NIK, "children": [1, 2]})
    assert (answer.status_code, answer.json()) == (201, {"children": 2})


async def test_an_unknown_field_is_refused_by_name(kit: Kit) -> None:
    answer = await post(kit, {"nik": NIK, "religion": "rahasia"})
    assert answer.status_code == 422
    assert answer.json() == {
        "type": "/problems/unknown-field",
        "title": "The request holds an unknown field",
        "status": 422,
        "detail": "/religion: unknown field",
        "errors": [{"field": "/religion", "reason": "unknown field"}],
    }


@pytest.mark.parametrize("number", [NIK, f"nik {NIK}", "0812-7766-5544", f"{'x' * 60}{NIK}"])
async def test_an_unknown_field_that_could_be_a_number_is_not_said_back(
    kit: Kit, number: str
) -> None:
    answer = await post(kit, {"nik": NIK, number: "rahasia"})
    assert answer.json()["errors"] == [{"field": "/(a number)", "reason": "unknown field"}]
    assert answer.json()["detail"] == "/(a number): unknown field"
    async with kit.client as http:
        wrong = await http.get("/api/list", params={number: 1}, headers=kit.bearer(OPERATOR))
    assert wrong.json()["errors"] == [{"field": "query/(a number)", "reason": "unknown field"}]


@pytest.mark.parametrize(
    ("body", "field", "reason"),
    [
        ({}, "/nik", "is missing"),
        ({"nik": 3216990101010001}, "/nik", "must be text"),
        ({"nik": "321699"}, "/nik", "is not written as this field needs it"),
        ({"nik": NIK, "children": ["three"]}, "/children/0", "must be a whole number"),
        ({"nik": NIK, "born_at": "2023-03-11T09:00:00"}, "/born_at", "a time with its zone"),
        ({"nik": NIK, "note": "x" * (TEXT_LIMIT + 1)}, "/note", "must have at most 500 characters"),
        ({"nik": NIK, "note": "shown"}, "/note", "must not say that"),
        ({"nik": NIK, "note": "secret Siti"}, "/note", "not a valid value"),
        ([], "body", "must be an object with fields"),
        ("text", "body", "must be an object with fields"),
    ],
)
async def test_a_wrong_field_is_named_with_its_reason_and_without_its_value(
    kit: Kit, body: Any, field: str, reason: str
) -> None:
    answer = await post(kit, body)
    assert answer.status_code == 422
    assert answer.json()["type"] == "/problems/invalid-field"
    (error,) = answer.json()["errors"]
    assert error["field"] == field
    assert reason in error["reason"]
    for value in (NIK, '321699"', "three", "Siti"):
        assert value not in answer.text


async def test_a_missing_body_is_a_missing_body(kit: Kit) -> None:
    answer = await post(kit)
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"field": "body", "reason": "is missing"}]


async def test_made_up_field_names_are_short_and_escaped_and_few(kit: Kit) -> None:
    long = "x" * 1000
    answer = await post(kit, {"nik": NIK, f"a/b~c\n{long}": 1})
    (error,) = answer.json()["errors"]
    assert error["field"].startswith("/a~1b~0cx")
    assert len(error["field"]) <= MAX_SEGMENT + 3
    answer = await post(kit, {"nik": NIK, **{f"f{n}": n for n in range(100)}})
    assert len(answer.json()["errors"]) == MAX_ERRORS


@pytest.mark.parametrize("content", [b"{", b"", b'{"nik": 1,}', b"[1", b'"\x01"', b"nik=1"])
async def test_what_is_no_json_is_said_to_be_none(kit: Kit, content: bytes) -> None:
    answer = await post(kit, content=content, headers=JSON)
    assert answer.status_code == (400 if content else 422)
    if content:
        assert answer.json()["type"] == "/problems/malformed-json"
        assert "at character" in answer.json()["errors"][0]["reason"]


@pytest.mark.parametrize("content", [b'{"nik": "\xff\xfe"}', b"[" * 100_000, b"1" * 5000])
async def test_what_breaks_the_parser_is_a_400_too(kit: Kit, content: bytes) -> None:
    answer = await post(kit, content=content, headers=JSON)
    assert answer.status_code == 400
    assert answer.json()["type"] in {"/problems/malformed-request", "/problems/malformed-json"}


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "application/merge-patch+json",
        "application/json; charset=utf-16",
        "json",
        "",
    ],
)
async def test_a_json_route_takes_nothing_but_json(kit: Kit, kind: str) -> None:
    answer = await post(kit, content=b'{"nik": "1"}', headers={"Content-Type": kind})
    assert answer.status_code == 415
    assert answer.json()["type"] == "/problems/unsupported-media-type"
    assert "application/json" in answer.json()["detail"]


@pytest.mark.parametrize(
    "kind", ["application/json;charset=UTF-8", 'Application/JSON; charset="utf-8"']
)
async def test_json_may_say_that_it_is_utf_8(kit: Kit, kind: str) -> None:
    body = f'{{"nik": "{NIK}"}}'.encode()
    assert (await post(kit, content=body, headers={"Content-Type": kind})).status_code == 201


async def test_a_form_route_takes_nothing_but_forms(kit: Kit) -> None:
    headers = {**kit.bearer(OPERATOR), **JSON}
    async with kit.client as http:
        answer = await http.post("/form", content=b"{}", headers=headers)
    assert answer.status_code == 415


async def test_unknown_query_fields_of_the_api_are_refused(kit: Kit) -> None:
    async with kit.client as http:
        headers = kit.bearer(OPERATOR)
        good = await http.get("/api/list?limit=5&year=2024", headers=headers)
        assert good.json() == {"limit": 5, "year": 2024}
        wrong = await http.get("/api/list?limitt=5&page=2", headers=headers)
        assert wrong.status_code == 422
        assert wrong.json()["errors"] == [
            {"field": "query/limitt", "reason": "unknown field"},
            {"field": "query/page", "reason": "unknown field"},
        ]
        large = await http.get("/api/list?limit=500", headers=headers)
        assert large.json()["errors"][0]["field"] == "query/limit"
        assert "must be 100 or less" in large.json()["errors"][0]["reason"]
        assert (await http.get("/open?fbclid=abc")).status_code == 200


@pytest.mark.parametrize(
    ("how", "status", "kind", "retry"),
    [
        ("absent", 404, "not-found", None),
        ("conflict", 409, "conflict", None),
        ("draft", 409, "conflict", None),
        ("busy", 429, "too-many-requests", "60"),
        ("away", 503, "unavailable", "7"),
    ],
)
async def test_what_an_endpoint_raises_is_answered_as_a_problem(
    kit: Kit, how: str, status: int, kind: str, retry: str | None
) -> None:
    async with kit.client as http:
        answer = await http.get(f"/api/fail/{how}")
    assert answer.status_code == status
    assert answer.json()["type"] == f"/problems/{kind}"
    assert answer.json()["detail"]
    assert answer.headers.get("retry-after") == retry


async def test_the_unexpected_leaks_nothing_and_is_found_again_by_its_incident(kit: Kit) -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines("contoh", "a1"))
    logging.getLogger("shared.web").addHandler(handler)
    async with kit.client as http:
        answer = await http.get("/api/fail/boom")
    logging.getLogger("shared.web").removeHandler(handler)
    assert answer.status_code == 500
    assert set(answer.json()) == {"type", "title", "status", "incident"}
    assert answer.json()["type"] == "/problems/internal"
    assert f'"incident": "{answer.json()["incident"]}"' in stream.getvalue()
    assert '"route": "/api/fail/{how}"' in stream.getvalue()
    for text in (answer.text, stream.getvalue()):
        assert NIK not in text
        assert "driver" not in text


@pytest.mark.parametrize(
    ("how", "status", "words"),
    [
        ("absent", 404, "Halaman tidak ditemukan"),
        ("conflict", 409, "Keadaan sudah berubah"),
        ("away", 503, "Layanan sedang tidak tersedia"),
        ("boom", 500, "Terjadi gangguan di pihak kami"),
    ],
)
async def test_people_read_a_page_in_their_language(
    kit: Kit, how: str, status: int, words: str
) -> None:
    async with kit.client as http:
        answer = await http.get(f"/fail/{how}", headers={"Accept": "text/html,*/*"})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert f"<h1>{words}</h1>" in answer.text
    assert ("Kode kejadian: " in answer.text) == (status == 500)
    assert answer.headers.get("retry-after") == ("7" if status == 503 else None)


async def test_a_broken_error_page_still_answers(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    assert kit.pages is not None
    monkeypatch.setattr(kit.pages, "problem", lambda *_: 1 / 0)
    async with kit.client as http:
        answer = await http.get("/fail/boom", headers={"Accept": "text/html"})
    assert answer.status_code == 500
    assert answer.json()["type"] == "/problems/internal"


async def test_an_answer_that_breaks_off_is_not_answered_twice() -> None:
    router = APIRouter()

    @router.get("/api/break")
    async def stops() -> None: ...

    app = create_app(
        title="x", version="1", rules={"GET /api/break": PUBLIC}, verifier=Kit().verifier,
        health=Health(), registry=CollectorRegistry(), routers=[router], accounts=Kit().accounts,
    )  # fmt: skip
    started: list[str] = []

    async def send(message: Any) -> None:
        started.append(message["type"])
        if message["type"] == "http.response.body":
            raise ValueError("the line is dead")

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {
        "type": "http", "method": "GET", "path": "/api/break", "raw_path": b"", "headers": [],
        "query_string": b"", "root_path": "", "scheme": "http", "server": ("x", 80),
    }  # fmt: skip
    await app(scope, receive, send)
    assert started == ["http.response.start", "http.response.body"]


def test_one_unknown_field_among_others_gives_the_type() -> None:
    both = InvalidFields(FieldError("/a", "Field required"), FieldError("/b", "unknown field"))
    assert both.type == "/problems/unknown-field"
    assert both.detail == "/a: Field required; /b: unknown field"


async def test_the_client_cannot_choose_a_field_by_its_own_service(kit: Kit) -> None:
    async with client(kit.app) as http:
        answer = await http.get("/api/list?" + "&".join(f"q{n}=1" for n in range(100)),
                                headers=kit.bearer(OPERATOR))  # fmt: skip
    assert len(answer.json()["errors"]) == MAX_ERRORS
