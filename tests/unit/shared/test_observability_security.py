"""Refusals, throttling, bad tokens and mass reads are counted and written without a person."""

import logging

import pytest
from prometheus_client import CollectorRegistry

from shared.observability.security import SecurityEvents
from tests.unit.shared.web_kit import Kit

OPERATOR = "operator:botram:32.16"


def counted(kit: Kit, event: str, route: str, reason: str) -> float | None:
    labels = {"event": event, "route": route, "reason": reason}
    return kit.registry.get_sample_value("jemput_security_events_total", labels)


async def test_each_refusal_is_a_line_and_a_count(caplog: pytest.LogCaptureFixture) -> None:
    kit = Kit()
    bad = {"Authorization": "Bearer " + kit.token(OPERATOR)[:-4] + "AAAA"}
    async with kit.client as http:
        await http.get("/api/list")
        await http.get("/api/list", headers=kit.bearer("head:*:*"))
        await http.get("/api/cases/kota", headers=kit.bearer(OPERATOR))
        await http.get("/api/list", headers=bad)
        await http.get("/api/fail/busy")
        await http.get("/admin", headers={"Accept": "text/html"})
    assert counted(kit, "refused", "/api/list", "unauthenticated") == 1
    assert counted(kit, "refused", "/api/list", "forbidden") == 1
    assert counted(kit, "refused", "/api/cases/{case_id}", "forbidden") == 1
    assert counted(kit, "bad_token", "/api/list", "wrong signature") == 1
    assert counted(kit, "throttled", "/api/fail/{how}", "too-many-requests") == 1
    assert counted(kit, "refused", "/admin", "unauthenticated") == 1
    lines = [record.__dict__ for record in caplog.records if record.msg == "security event"]
    assert len(lines) == 6
    assert all("agus" not in str(line.get("subject")) for line in lines)
    assert lines[1]["subject"]


def test_one_account_that_reads_many_persons_is_reported_once_a_window(
    caplog: pytest.LogCaptureFixture,
) -> None:
    now = [0.0]
    registry = CollectorRegistry()
    events = SecurityEvents(registry, threshold=3, window=60, timer=lambda: now[0])

    def reported() -> int:
        return sum(record.msg == "security event" for record in caplog.records)

    with caplog.at_level(logging.WARNING):
        for person in ("a", "b", "c", "a", "b", "c"):
            events.read("agus", person, "/x")
            events.read("siti", "a", "/x")
        assert reported() == 0
        for person in ("d", "e", "f"):
            events.read("agus", person, "/x")
        assert reported() == 1
        now[0] = 61.0
        for person in ("a", "b", "c"):
            events.read("agus", person, "/x")
        assert reported() == 1
        events.read("agus", "d", "/x")
        assert reported() == 2
