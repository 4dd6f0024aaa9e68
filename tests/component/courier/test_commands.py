"""Courier's commands: who carries in an RW, what is not ended, and jobs given to another agent."""

import argparse
from typing import Any, cast

import pytest

from services.courier import cli
from services.courier.domain import Refused
from services.courier.store import COLLECTIONS
from shared.runtime import ServiceDesk
from shared.runtime.shell import Shell
from shared.web.problems import NotFound
from tests.component.courier.counter import Counter, counter
from tests.component.courier.test_trail import noted
from tests.unit.courier.sample import AGENT, VILLAGE, received

AREA = ("areas", "set", "--programme", "halo_pamor", "--village", VILLAGE, "--rw", "5")
LIST = ("jobs", "list", "--programme", "halo_pamor", "--by", "budi")


async def said(at: Counter, *words: str) -> list[str]:
    """What a command says that is run beside the service in memory."""
    parser = argparse.ArgumentParser()
    cli.add_commands(parser.add_subparsers())
    options = parser.parse_args(words)
    shell = Shell(at.messaging.commands(Refused), at.messaging.messaging, COLLECTIONS)
    lines: list[str] = await options.run(options, ServiceDesk(shell, cast("Any", None)))
    return lines


async def test_an_area_gets_its_agent_and_what_waits_there_and_the_trail_says_by_whom() -> None:
    async with counter() as at:
        await at.messaging.deliver(received("case-1"))
        (line,) = await said(at, *AREA, "--agent", AGENT, "--by", "budi")
        area = f"halo_pamor/{VILLAGE}/005"
        assert line == f"{area}: {AGENT} carries there; 1 waiting jobs given to him"
        assert noted(at) == [("area_served", "budi", area, [AGENT])]
        assert [one["agent_id"] for one in at.messaging.documents("jobs")] == [AGENT]
        action = at.messaging.documents("actions")[-1]
        assert (action["actor"], action["action"]) == ("budi", "areas set")


async def test_what_has_not_ended_is_listed_of_all_or_of_one_agent_and_that_is_noted() -> None:
    async with counter() as at:
        await at.assigned_job()
        await at.messaging.deliver(received("case-2", rw="006"))
        assert await said(at, *LIST) == [
            f"case-1: assigned, KK, {VILLAGE} RW 005, agent {AGENT}",
            f"case-2: open, KK, {VILLAGE} RW 006, agent -",
        ]
        assert len(await said(at, *LIST, "--agent", AGENT)) == 1
        assert await said(at, *LIST, "--after", "case-2") == ["no job waits to be carried"]
        assert noted(at)[1:] == [
            ("jobs_listed", "budi", "halo_pamor", [shown, "ended=false", *chosen])
            for shown, *chosen in (("2",), ("1", f"agent={AGENT}"), ("0", "after=case-2"))
        ]


async def test_a_full_page_says_how_it_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "PAGE", 1)
    async with counter() as at:
        for number in (1, 2):
            await at.messaging.deliver(received(f"case-{number}"))
        assert (await said(at, *LIST))[-1] == "there may be more: --after case-1"
        assert (await said(at, *LIST, "--after", "case-1"))[0].startswith("case-2: open")


async def test_a_job_is_given_to_another_agent_and_the_trail_says_by_whom() -> None:
    async with counter() as at:
        await at.assigned_job()
        words = ("jobs", "assign", "--job", "case-1", "--agent", "agent-2", "--by", "budi")
        assert await said(at, *words) == ["case-1: assigned, carried by agent-2"]
        assert noted(at)[1:] == [("job_given", "budi", "case-1", ["agent-2"])]


async def test_what_is_not_there_or_not_well_told_is_refused() -> None:
    async with counter() as at:
        foreign = tuple("sregep" if word == "halo_pamor" else word for word in AREA)
        with pytest.raises(NotFound, match="programme"):
            await said(at, *foreign, "--agent", AGENT, "--by", "budi")
        for wrong in ("--rw=000", "--village=32.75", "--agent=", "--programme=HALO"):
            with pytest.raises(SystemExit):
                await said(at, *AREA, "--agent", AGENT, "--by", "budi", wrong)
        assert noted(at) == []
