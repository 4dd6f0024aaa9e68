import httpx
import pytest

from tests.unit.shared.web_kit import Kit


@pytest.mark.parametrize(
    "key",
    [
        "12345678",
        "a.B-c_9" * 9,
        "01901234-5678-7123-9123-012345678901",
        "01901234-5678-7123-9123-012345678901-verify",
    ],
)
async def test_a_well_formed_key_reaches_the_endpoint(key: str) -> None:
    kit = Kit()
    headers = {**kit.bearer("operator:*:*"), "Idempotency-Key": key}
    async with kit.client as http:
        answer = await http.post("/api/keyed", headers=headers)
    assert answer.json() == {"key": key}


@pytest.mark.parametrize(
    "key", [None, "", "1234567", "0" * 65, "with space", "kunci-é-123", "a/b/c/d/e"]
)
async def test_a_missing_or_malformed_key_is_refused_by_the_headers_name(key: str | None) -> None:
    kit = Kit()
    headers = httpx.Headers(kit.bearer("operator:*:*"), encoding="utf-8")
    if key is not None:
        headers["Idempotency-Key"] = key
    async with kit.client as http:
        answer = await http.post("/api/keyed", headers=headers)
    assert answer.status_code == 400
    assert answer.json()["type"] == "/problems/idempotency-key"
    (error,) = answer.json()["errors"]
    assert error["field"] == "header/Idempotency-Key"
    assert error["reason"] == ("missing" if key is None else "must be 8 to 64 of A-Z a-z 0-9 . _ -")


@pytest.mark.parametrize(
    "key", ["3216990101900001", "case-0812-3456-7890", "NIK.3216.9901.0190.0001"]
)
async def test_a_key_that_could_be_somebodys_number_is_refused(key: str) -> None:
    kit = Kit()
    async with kit.client as http:
        headers = {**kit.bearer("operator:*:*"), "Idempotency-Key": key}
        answer = await http.post("/api/keyed", headers=headers)
    assert answer.status_code == 400
    assert "nine digits" in answer.json()["errors"][0]["reason"]
