from collections.abc import Mapping
from datetime import timedelta

import pytest

from tests.unit.shared.web_kit import FORM, HOST, Kit

OPERATOR = "operator:botram:32.16"
PERSON = {"nik": "3216990101010001"}
HTML = {"Accept": "text/html"}


@pytest.fixture
def kit() -> Kit:
    return Kit()


@pytest.mark.parametrize(
    ("grants", "case", "status"),
    [
        (["operator:botram:32.16"], "setu", 200),
        (["operator:botram:32.16.18"], "setu", 200),
        (["operator:botram:32.16.18.2001"], "setu", 200),
        (["operator:botram:*"], "setu", 200),
        (["operator:*:*"], "setu", 200),
        (["head:botram:32"], "setu", 200),
        (["operator:botram:32.16.19"], "setu", 403),
        (["operator:botram:32.75"], "setu", 403),
        (["operator:halo_pamor:32.16"], "setu", 403),
        (["operator:botram:*"], "kota", 403),
        (["operator:botram:32.16"], "near", 403),
        (["agent:botram:*"], "setu", 403),
        (["admin:*:*"], "setu", 403),
        (["admin:botram:*", "operator:halo_pamor:*"], "setu", 403),
        (["admin:botram:*", "operator:halo_pamor:*"], "kota", 200),
    ],
)
async def test_the_matrix_of_role_programme_and_region(
    kit: Kit, grants: list[str], case: str, status: int
) -> None:
    async with kit.client as http:
        answer = await http.get(f"/api/cases/{case}", headers=kit.bearer(*grants))
    assert answer.status_code == status
    if status == 403:
        assert answer.json()["type"] == "/problems/forbidden"
        assert "no role" in answer.json()["detail"]


async def test_the_endpoint_sees_who_calls_and_which_grants_count(kit: Kit) -> None:
    async with kit.client as http:
        answer = await http.get(
            "/api/cases/setu", headers=kit.bearer("admin:*:*", "operator:botram:32")
        )
    assert answer.json() == {"subject": "agus", "scopes": ["operator:botram:32"]}


async def test_without_a_token_401_and_how_to_bring_one(kit: Kit) -> None:
    async with kit.client as http:
        answer = await http.get("/api/cases/setu")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="jemput"'
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "/problems/unauthenticated",
        "title": "A valid token is needed",
        "status": 401,
        "detail": "no token",
    }


async def test_an_expired_token_is_told_so_and_not_repeated(kit: Kit) -> None:
    headers = kit.bearer(OPERATOR)
    kit.clock.advance(timedelta(hours=2))
    async with kit.client as http:
        answer = await http.get("/api/cases/setu", headers=headers)
    assert answer.status_code == 401
    assert 'error_description="expired"' in answer.headers["www-authenticate"]
    assert answer.json()["detail"] == "expired"
    assert headers["Authorization"].split()[1] not in answer.text


@pytest.mark.parametrize(
    "header", ["Basic YWd1czpyYWhhc2lh", "Bearer", "Bearer ", "token", "Bearer a b", "Bearer x.y.z"]
)
async def test_a_broken_authorization_header_is_refused_even_beside_a_good_cookie(
    kit: Kit, header: str
) -> None:
    headers = {**kit.cookie(OPERATOR), "Authorization": header}
    async with kit.client as http:
        answer = await http.get("/api/cases/setu", headers=headers)
    assert answer.status_code == 401
    assert "error=" in answer.headers["www-authenticate"]


async def test_two_authorization_headers_are_none(kit: Kit) -> None:
    ((name, value),) = kit.bearer(OPERATOR).items()
    async with kit.client as http:
        answer = await http.get("/api/cases/setu", headers=[(name, value), (name, value)])
    assert answer.status_code == 401


async def test_the_scheme_is_written_in_any_case(kit: Kit) -> None:
    headers = {"Authorization": f"bEARER  {kit.token(OPERATOR)}"}
    async with kit.client as http:
        assert (await http.get("/api/cases/setu", headers=headers)).status_code == 200


async def test_the_body_is_not_even_read_before_the_token(kit: Kit) -> None:
    async with kit.client as http:
        answer = await http.post("/api/people", content=b"{", headers={"Content-Type": "text/x"})
    assert answer.status_code == 401


async def test_a_public_route_ignores_a_bad_token(kit: Kit) -> None:
    async with kit.client as http:
        for headers in (
            {"Cookie": "jemput_token=x"},
            {"Authorization": "Bearer x.y.z"},
            {"Authorization": "Basic YWd1czpyYWhhc2lh"},
        ):
            assert (await http.get("/api/public", headers=headers)).status_code == 200


async def test_unknown_paths_and_methods(kit: Kit) -> None:
    async with kit.client as http:
        assert (await http.get("/api/none")).json()["type"] == "/problems/not-found"
        answer = await http.delete("/api/public")
    assert answer.status_code == 405
    assert answer.json()["type"] == "/problems/method-not-allowed"
    assert answer.headers["allow"] == "GET, POST"


SAME: list[Mapping[str, str]] = [
    {"Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
    {"Origin": HOST},
    {"Origin": HOST.upper()},
    {"Referer": f"{HOST}/orang"},
]
CROSS: list[Mapping[str, str]] = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": "cross-site", "Origin": HOST},
    {"Origin": "http://evil.test"},
    {"Origin": "http://jemput.test.evil.test"},
    {"Origin": "http://jemput.test:8080"},
    {"Origin": "null"},
    {"Origin": "http://["},
    {"Referer": "http://evil.test/http://jemput.test/"},
]


@pytest.mark.parametrize("headers", SAME)
async def test_a_form_of_our_own_page_passes_with_a_cookie(
    kit: Kit, headers: Mapping[str, str]
) -> None:
    async with kit.client as http:
        answer = await http.post(
            "/form", data={"name": "Ani"}, headers={**kit.cookie(OPERATOR), **headers}
        )
    assert answer.status_code == 200


@pytest.mark.parametrize("headers", [*CROSS, {}])
@pytest.mark.parametrize("path", ["/form", "/api/people"])
async def test_another_sites_form_is_refused_though_the_cookie_came_along(
    kit: Kit, path: str, headers: Mapping[str, str]
) -> None:
    async with kit.client as http:
        answer = await http.post(
            path, data={"name": "Ani"}, headers={**kit.cookie(OPERATOR), **headers}
        )
    assert answer.status_code == 403
    assert answer.json()["type"] == "/problems/cross-site"


@pytest.mark.parametrize("headers", CROSS)
async def test_a_bearer_token_is_never_sent_by_accident(
    kit: Kit, headers: Mapping[str, str]
) -> None:
    async with kit.client as http:
        answer = await http.post(
            "/api/people", json=PERSON, headers={**kit.bearer(OPERATOR), **headers}
        )
    assert answer.status_code == 201


@pytest.mark.parametrize("headers", CROSS)
async def test_a_public_form_is_refused_to_other_sites_too(
    kit: Kit, headers: Mapping[str, str]
) -> None:
    async with kit.client as http:
        assert (await http.post("/ask", headers=headers)).status_code == 403
        assert (await http.post("/api/public", json=PERSON)).status_code == 200


async def test_reading_with_a_cookie_needs_no_origin(kit: Kit) -> None:
    headers = {**kit.cookie(OPERATOR), "Sec-Fetch-Site": "cross-site"}
    async with kit.client as http:
        assert (await http.get("/api/cases/setu", headers=headers)).status_code == 200


async def test_a_person_without_a_token_is_led_to_sign_in(kit: Kit) -> None:
    async with kit.client as http:
        answer = await http.get("/?bulan=3&desa=a%20b", headers=HTML)
        assert answer.status_code == 303
        assert answer.headers["location"] == "/masuk?lanjut=%2F%3Fbulan%3D3%26desa%3Da%2520b"
        answer = await http.post("/form", headers={**HTML, **FORM}, content="name=Ani")
        assert answer.headers["location"] == "/masuk?"
        answer = await http.get("/", headers={**HTML, "Cookie": "jemput_token=x"})
        assert answer.headers["location"] == "/masuk?alasan=ditolak&lanjut=%2F"


async def test_a_machine_on_a_page_route_gets_the_problem(kit: Kit) -> None:
    async with kit.client as http:
        answer = await http.get("/", headers={"Accept": "text/event-stream"})
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_browser_on_an_api_route_gets_the_problem(kit: Kit) -> None:
    async with kit.client as http:
        answer = await http.get("/api/cases/setu", headers=HTML)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_page_refused_is_a_page_in_indonesian(kit: Kit) -> None:
    async with kit.client as http:
        answer = await http.get("/admin", headers={**HTML, **kit.cookie(OPERATOR)})
    assert answer.status_code == 403
    assert "Anda tidak berhak membuka halaman ini" in answer.text
    assert "no role" not in answer.text


async def test_who_loses_the_way_is_still_signed_in(kit: Kit) -> None:
    async with kit.client as http:
        answer = await http.get("/tidak-ada", headers={**HTML, **kit.cookie(OPERATOR)})
    assert answer.status_code == 404
    assert "Halaman tidak ditemukan" in answer.text
    assert "Masuk sebagai agus" in answer.text
