"""What a dead letter tells of itself, and what the operator's command refuses."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from shared.messaging import __main__ as command
from shared.messaging.dead_letters import describe
from shared.messaging.wire import properties
from shared.testing.delivery import Delivery
from tests.unit.shared.messaging_kit import message

NIK = "3216990101010001"
BY = ("--by", "budi")
DIED = datetime(2023, 3, 11, 2, 30, tzinfo=UTC)


def dead(body: bytes = b"{}", *, message_id: str | None = "m1", **headers: Any) -> Delivery:
    said = properties(message("m1"))
    said.message_id = message_id
    said.headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return Delivery(body, said)


def test_our_own_notes_come_first() -> None:
    letter = describe(
        dead(
            x_jemput_reason="payload",
            x_jemput_detail="rw: missing",
            x_jemput_died_at="2023-03-11T02:30:00+00:00",
            x_jemput_attempt=2,
            x_jemput_replayed="mended",
            x_jemput_replayed_by="budi",
            x_death=[{"reason": "expired", "time": datetime(2023, 1, 1, tzinfo=UTC)}],
        )
    )
    assert (letter.id, letter.type) == ("m1", "intake.receipt_confirmed.v1")
    assert (letter.reason, letter.detail, letter.replayed) == ("payload", "rw: missing", "mended")
    assert letter.replayed_by == "budi"
    assert (letter.died_at, letter.attempts, letter.size) == (DIED, 2, 2)


def test_what_the_broker_laid_aside_bears_its_notes() -> None:
    letter = describe(dead(x_death=[{"reason": "delivery_limit", "time": DIED}]))
    assert (letter.reason, letter.detail, letter.died_at) == ("delivery_limit", "", DIED)


@pytest.mark.parametrize("notes", [{}, {"x_death": []}, {"x_death": "?"}, {"x_death": [3]}])
def test_what_bears_no_notes_is_still_a_letter(notes: dict[str, Any]) -> None:
    letter = describe(dead(**notes, x_jemput_attempt="many", x_jemput_died_at="long ago"))
    assert (letter.reason, letter.died_at, letter.attempts) == ("", None, 0)


def test_what_has_no_id_is_known_by_its_body() -> None:
    letter = describe(dead(b"{}", message_id=None))
    assert letter.id == "sha256:44136fa355b3678a"


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(-5, "0 min"), (59, "0 min"), (3599, "59 min"), (7200, "2 h"), (200_000, "2 d")],
)
def test_an_age_is_told_in_its_own_measure(seconds: float, expected: str) -> None:
    assert command._age(seconds) == expected


def test_what_a_terminal_would_obey_is_not_printed() -> None:
    assert command._printable("a\x1b[2Jb\r\nc\u202e") == "a?[2Jb??c?"


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["dead"],
        ["dead", "list"],
        ["dead", "list", "--queue", "no queue"],
        ["dead", "list", "--queue", "intake.events.dead"],
        ["dead", "replay", "--queue", "intake.events", "--all", *BY],
        ["dead", "drop", "--queue", "intake.events", "--all", "--reason", "x"],
        ["dead", "drop", "--queue", "intake.events", "--all", "--reason", "  ", *BY],
        ["dead", "drop", "--queue", "intake.events", "--all", "--reason", "NIK " + NIK, *BY],
        ["dead", "drop", "--queue", "intake.events", "--all", "--reason", "x", "--by", "1"],
        ["dead", "drop", "--queue", "intake.events", "--reason", "x", *BY],
        ["dead", "drop", "--queue", "intake.events", "--reason", "x", "--all", "--id", "m1", *BY],
    ],
)
def test_a_command_that_does_not_say_enough_is_refused(words: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command.main(words, {})
    assert ended.value.code == 2


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["dead", "list", "--queue", "intake.events"], "JEMPUT_OPERATOR_AMQP_URL is not set"),
        (["topology"], "JEMPUT_MANAGEMENT_URL is not set"),
    ],
)
def test_a_command_that_knows_no_broker_says_what_is_missing(
    words: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(words, {}) == 2
    assert capsys.readouterr().err == f"not possible: {named}\n"


def test_a_dry_run_prints_and_needs_no_broker(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "desk").mkdir()
    (tmp_path / "desk" / "subscriptions.toml").write_text('[queues.events]\nbinds = ["a.b.v1"]\n')
    assert command.main(["topology", "--dry-run", "--services", str(tmp_path)], {}) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["desk.events", "x-queue-type=quorum"] in lines
    assert ["jemput.events", "a.b.v1", "desk.events"] in lines
    assert [
        "jemput.dead",
        r"\.dead$",
        "message-ttl=1814400000",
        "delivery-limit=1000000",
        "queue-leader-locator=balanced",
    ] in lines
