"""SECURITY.md names an address, the limits as the code has them, and tests that are there."""

import re
from pathlib import Path

from services.intake.config import Settings as Intake
from services.intake.domain import OWN_LIMIT, PAPER_LIMIT
from services.intake.usecases import PAPER, SEND_AT_ONCE
from shared.files.upload import AT_ONCE, AT_ONCE_EACH
from shared.messaging.task_queue import MAX_COMMAND_BYTES, MAX_COMMANDS
from shared.observability.security import MASS_READ
from shared.web.accounts import MACHINES, PEOPLE, PERSONS
from shared.web.body import BODY_LIMIT
from shared.web.live import SHARE, STREAM_LIMIT

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "SECURITY.md").read_text("utf-8")
MEBIBYTE = KIBIBYTE = 1024


def rows_of_limits() -> list[list[str]]:
    """What the rows of the table of limits say: of what, and how much."""
    table = PAGE.partition("## Limits")[2].partition("\n## ")[0]
    return [line.split("|")[1:3] for line in table.splitlines() if line.startswith("| ")]


def limits() -> dict[str, list[int]]:
    """The numbers of the table of limits, row by row."""
    rows = rows_of_limits()
    found = re.compile(r"[0-9][0-9,]*")
    return {
        name.strip(): [int(number.replace(",", "")) for number in found.findall(said)]
        for name, said in rows
    }


def test_no_limit_is_said_twice() -> None:
    names = [name for name, _ in rows_of_limits()]
    assert sorted(set(names)) == sorted(names)


def default(setting: str) -> int:
    """The number that a setting has, or begins with, unless it is set."""
    value = str(Intake.model_fields[setting].default)
    return int(float(value.partition("/")[0]))


def test_the_limits_are_those_of_the_code() -> None:
    said = limits()
    assert said["body of a request"] == [BODY_LIMIT // KIBIBYTE]
    assert said["live streams"] == [STREAM_LIMIT, SHARE]
    assert said["head of a request, its time, connections"] == [
        default("head_bytes") // KIBIBYTE,
        default("head_seconds"),
        default("body_seconds"),
        default("connections"),
        default("connections_per_client"),
    ]
    assert said["commands that wait for the database"] == [
        MAX_COMMANDS,
        MAX_COMMAND_BYTES // MEBIBYTE // KIBIBYTE,
    ]
    own = said["what residents send without an account"]
    assert own[0] * KIBIBYTE == BODY_LIMIT
    assert own[2:] == [
        PAPER.limit // MEBIBYTE // KIBIBYTE,
        SEND_AT_ONCE,
        AT_ONCE,
        AT_ONCE_EACH,
        OWN_LIMIT,
        PAPER_LIMIT,
        default("send_limit_client"),
        default("send_limit_case"),
    ]
    assert said["requests by page"] == [default("ask_limit_client")]
    assert said["wrong tracking codes"] == [default("track_limit_client")]
    assert said["requests of one account"][:2] == [PEOPLE.amount, MACHINES.amount]
    assert said["persons that one account looks at"] == [PERSONS.amount, MASS_READ]
    assert PERSONS.amount > MASS_READ
    assert said["wrong receipt codes"] == [default("receipt_limit_case")]


def test_nothing_that_is_protected_stands_twice() -> None:
    table = PAGE.partition("## What is protected")[2].partition("\n## ")[0]
    named = [line.split("|")[1].strip() for line in table.splitlines() if line.startswith("| ")]
    assert len(named) > 10
    assert sorted(named) == sorted(set(named))


def test_who_finds_a_weakness_is_told_where_to_write() -> None:
    reporting = PAGE.partition("## Reporting")[2].partition("\n## ")[0]
    assert "Report a vulnerability" in reporting


def test_every_file_that_is_named_is_there() -> None:
    named = set(re.findall(r"`((?:tests|shared|services|deploy)/[\w./*-]+)`", PAGE))
    assert len(named) > 10
    assert [one for one in sorted(named) if not list(ROOT.glob(one))] == []
