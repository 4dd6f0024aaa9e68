"""Courier's trail: who put agents in charge, gave jobs away, and looked at what others carry."""

import argparse
import io
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from services.courier.store import COLLECTIONS
from shared.audit import looks
from shared.audit.chain import ChainEntries
from shared.audit.commands import AuditDesk, add_audit_commands
from shared.audit.kept import TrailReader
from shared.audit.metrics import TrailMetrics
from shared.contracts.courier import AuditHeadPublished
from shared.runtime.shell import CommandRefused
from shared.web.problems import Unavailable
from tests.component.courier.counter import AREA, Counter, counter
from tests.unit.courier.sample import AGENT

Entry = tuple[str, str, str, list[str]]
JOBS = "/api/jobs?programme_id=halo_pamor"


def noted(at: Counter) -> list[Entry]:
    """Deed, who, about what, and what is said, in order."""
    kept = at.messaging.documents("audit")
    return [(one["deed"], one["actor"], one["about"], one["said"]) for one in kept]


async def test_who_serves_an_area_and_who_got_a_job_is_noted() -> None:
    async with counter() as at:
        await at.assigned_job()
        boss = at.messaging.headers("supervisor", "halo_pamor", "32.75", subject="rina")
        given = await at.client.post(
            "/api/jobs/case-1/assign", json={"agent_id": "agent-2"}, headers=boss
        )
        assert given.status_code == 200, given.text
        area = AREA.removeprefix("/api/areas/")
        assert [one[0] for one in noted(at)] == ["area_served", "job_given"]
        served, changed = noted(at)
        assert (served[2].replace("/", ""), served[3]) == (area.replace("/", ""), [AGENT])
        assert changed[1:] == ("rina", "case-1", ["agent-2"])


@pytest.mark.parametrize(
    ("path", "entry"),
    [
        ("/api/jobs/case-1", ("job_read", "rina", "case-1", [])),
        (JOBS, ("jobs_listed", "rina", "halo_pamor", ["1"])),
    ],
)
async def test_what_somebody_of_the_office_looks_at_is_noted(path: str, entry: Entry) -> None:
    async with counter() as at:
        await at.assigned_job()
        headers = at.messaging.headers("operator", "halo_pamor", "32.75", subject="rina")
        assert (await at.client.get(path, headers=headers)).status_code == 200
        assert noted(at)[1:] == [entry]


@pytest.mark.parametrize("path", ["/api/jobs/case-1", JOBS])
async def test_who_looks_again_and_again_is_noted_once_in_ten_minutes(path: str) -> None:
    async with counter() as at:
        await at.assigned_job()

        async def looks(subject: str) -> list[str]:
            headers = at.messaging.headers("operator", "halo_pamor", "32.75", subject=subject)
            assert (await at.client.get(path, headers=headers)).status_code == 200
            return [one[1] for one in noted(at)[1:]]

        assert await looks("rina") == ["rina"]
        at.messaging.clock.advance(minutes=9)
        assert await looks("rina") == ["rina"]
        assert await looks("siti") == ["rina", "siti"]
        at.messaging.clock.advance(minutes=1)
        assert await looks("rina") == ["rina", "siti", "rina"]


async def test_a_list_that_shows_more_is_noted_again() -> None:
    async with counter() as at:
        headers = at.messaging.headers("operator", "halo_pamor", "32.75", subject="rina")
        await at.client.get(JOBS, headers=headers)
        await at.assigned_job()
        for _ in range(2):
            await at.client.get(JOBS, headers=headers)
        assert [one[3] for one in noted(at) if one[0] == "jobs_listed"] == [["0"], ["1"]]


async def test_pages_of_one_length_are_looks_of_their_own_and_say_which_they_were() -> None:
    async with counter() as at:
        await at.assigned_job()
        headers = at.messaging.headers("operator", "halo_pamor", "32.75", subject="rina")
        chosen = ("", "&ended=false", f"&agent_id={AGENT}", "&state=assigned", "&after=case-0")
        for more in (*chosen, *chosen):
            (await at.client.get(f"{JOBS}{more}", headers=headers)).raise_for_status()
        listed = [one[3] for one in noted(at) if one[0] == "jobs_listed"]
    assert listed == [
        ["1"],
        ["1", "ended=false"],
        ["1", f"agent={AGENT}"],
        ["1", "state=assigned"],
        ["1", "after=case-0"],
    ]


async def test_a_look_that_was_not_kept_shows_nothing_and_is_kept_the_next_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def away(*_: object) -> None:
        raise Unavailable("away")

    async with counter() as at:
        await at.assigned_job()
        headers = at.messaging.headers("operator", "halo_pamor", "32.75", subject="rina")
        with monkeypatch.context() as patched:
            patched.setattr(looks, "keep_read", away)
            assert (await at.client.get("/api/jobs/case-1", headers=headers)).status_code == 503
        assert (await at.client.get("/api/jobs/case-1", headers=headers)).status_code == 200
        assert [one[0] for one in noted(at)] == ["area_served", "job_read"]


@pytest.mark.parametrize("path", ["/api/jobs/case-1", JOBS])
@pytest.mark.parametrize("role", ["agent", "service"])
async def test_an_agent_s_own_jobs_and_machines_are_not(path: str, role: str) -> None:
    async with counter() as at:
        await at.assigned_job()
        headers: dict[str, Any] = at.messaging.headers(role, "halo_pamor", "32.75", subject=AGENT)
        assert (await at.client.get(path, headers=headers)).status_code == 200
        assert [one[0] for one in noted(at)] == ["area_served"]


async def test_who_is_refused_is_shown_nothing_and_noted_for_nothing() -> None:
    async with counter() as at:
        await at.assigned_job()
        headers = at.messaging.headers("operator", "halo_pamor", "32.16", subject="rina")
        assert (await at.client.get("/api/jobs/case-1", headers=headers)).status_code == 403
        assert [one[0] for one in noted(at)] == ["area_served"]


async def said(at: Counter, *words: str) -> list[str]:
    """What a command about the trail says."""
    parser = argparse.ArgumentParser()
    add_audit_commands(parser.add_subparsers(), "the trail", lambda desk: desk)
    options = parser.parse_args(["audit", *words])
    reader = TrailReader(at.messaging.database, COLLECTIONS)
    lines: list[str] = await options.run(options, AuditDesk(reader, at.messaging.clock))
    return lines


async def test_acts_of_a_time_are_listed_of_all_or_of_one() -> None:
    span = ("--from", "2023-03-11T00:00:00+07:00", "--to", "2023-03-12T00:00:00+07:00")
    async with counter() as at:
        await at.assigned_job()
        headers = at.messaging.headers("operator", "halo_pamor", "32.75", subject="rina")
        await at.client.get("/api/jobs/case-1", headers=headers)

        assert len(await said(at, "acts", *span)) == 2
        (line,) = await said(at, "acts", *span, "--account", "rina")
        assert line.endswith(" job_read by rina about case-1")
        assert len(await said(at, "acts", *span, "--deed", "area_served")) == 1
        past = ("--from", "2022-03-11T00:00:00+07:00", "--to", "2022-03-12T00:00:00+07:00")
        assert await said(at, "acts", *past) == ["nobody did anything"]
        with pytest.raises(CommandRefused, match="--from lies before --to"):
            await said(at, "acts", "--from", span[1], "--to", span[1])


async def test_a_chain_is_published_under_the_service_s_name_and_verified_with_its_heads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "heads"
    async with counter() as at:
        await at.assigned_job()
        reader = TrailReader(at.messaging.database, COLLECTIONS)
        commands = at.messaging.commands(Exception)
        clock = at.messaging.clock
        metrics = TrailMetrics(CollectorRegistry(), clock)
        await ChainEntries(reader, commands, clock, AuditHeadPublished, metrics).look()
        (head,) = [one for one in at.messaging.published if isinstance(one, AuditHeadPublished)]
        assert (head.chain, head.number, head.entries) == ("courier", 1, 1)

        file.write_text(f"1:{head.head}\n")
        (line,) = await said(at, "verify", "--heads", str(file))
        assert line.startswith("nothing is missing or altered: 1 entries, 1 blocks")
        monkeypatch.setattr("sys.stdin", io.StringIO(f"1:{head.head}\n"))
        assert await said(at, "verify", "--heads", "-") == [line]
        monkeypatch.setattr("sys.stdin", io.StringIO(f"1:{'0' * 64}\n"))
        with pytest.raises(CommandRefused, match="1 findings"):
            await said(at, "verify", "--heads", "-")
        with pytest.raises(CommandRefused, match="block 1 was published twice"):
            await said(at, "verify", "--heads", str(file), "--head", f"1:{'0' * 64}")
        file.write_text("1:nothing")
        with pytest.raises(CommandRefused, match="a head is written NUMBER:HASH"):
            await said(at, "verify", "--heads", str(file))
