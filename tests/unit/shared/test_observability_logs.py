import asyncio
import io
import json
import logging
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from shared.auth.roles import Forbidden
from shared.observability.logs import (
    MAX_TEXT,
    JsonLines,
    configure,
    correlated,
    correlation_id,
)

NIK = "3216990101010001"


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What a configured process writes; the logging of the test run is put back afterwards."""
    root = logging.getLogger()
    level = root.level
    names = ("services", "shared", "deploy", "__main__", "uvicorn.error", "uvicorn.access")
    levels = {name: logging.getLogger(name).level for name in names}
    stream = io.StringIO()
    configure("contoh", "a1", stream=stream, extras={"case_id"})
    (ours,) = root.handlers
    yield stream
    logging.captureWarnings(capture=False)
    root.removeHandler(ours)
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)
    logging.getLogger("uvicorn.access").disabled = False


def written(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_says_when_who_and_what(lines: io.StringIO) -> None:
    logging.getLogger("services.intake.app").info("listening on %d", 8080)
    (line,) = written(lines)
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "INFO",
        "logger": "services.intake.app",
        "message": "listening on 8080",
        "service": "contoh",
        "instance": "a1",
        "correlation_id": "",
    }


def test_only_listed_extras_are_written(lines: io.StringIO) -> None:
    extra = {"name_of_resident": "Siti", "queue": "intake", "case_id": "c1", "count": 3}
    logging.getLogger("services.x").info("done", extra=extra)
    (line,) = written(lines)
    assert (line["queue"], line["case_id"], line["count"]) == ("intake", "c1", 3)
    assert "Siti" not in lines.getvalue()


def test_an_extra_cannot_pose_as_a_field_of_ours() -> None:
    formatter = JsonLines("contoh", "a1", extras={"service", "level"})
    record = logging.makeLogRecord({"name": "services.x", "msg": "m", "service": "other"})
    assert json.loads(formatter.format(record))["service"] == "contoh"


def test_values_are_plain_short_and_without_long_numbers(lines: io.StringIO) -> None:
    extra = {
        "reason": f"refused {NIK}",
        "size": int(NIK),
        "seconds": float("nan"),
        "outcome": {"name": "Siti"},
        "route": "x" * (MAX_TEXT + 1),
        "attempt": None,
    }
    logging.getLogger("services.x").info("phone 6281234567890, region 32.16.18.2001", extra=extra)
    (line,) = written(lines)
    assert line["message"] == "phone [number], region 32.16.18.2001"
    assert line["reason"] == "refused [number]"
    assert line["size"] == line["seconds"] == "[number]"
    assert line["outcome"] == "<dict>"
    assert len(line["route"]) == MAX_TEXT
    assert line["attempt"] is None


def test_an_exception_is_its_type_and_places_without_message_or_values(
    lines: io.StringIO,
) -> None:
    def look_up(resident: str) -> None:
        residents: dict[str, str] = {}
        try:
            residents.pop(resident)
        except KeyError as error:
            raise ValueError(f"no {resident}") from error

    try:
        look_up("Siti")
    except ValueError:
        logging.getLogger("services.x").exception("failed")
    (line,) = written(lines)
    assert line["error"]["type"] == "builtins.ValueError"
    assert line["error"]["because"]["type"] == "builtins.KeyError"
    assert line["error"]["at"][-1].endswith(":look_up")
    assert "Siti" not in lines.getvalue()


def test_the_message_of_a_class_marked_safe_is_written(lines: io.StringIO) -> None:
    error = Forbidden("no role that this route allows")
    logging.getLogger("services.x").error("refused", exc_info=error)
    (line,) = written(lines)
    assert line["error"]["message"] == "no role that this route allows"


def test_the_parts_of_a_group_are_described_the_same_way(lines: io.StringIO) -> None:
    group = ExceptionGroup("two of Siti", [ValueError("Siti"), KeyError("Siti")])
    logging.getLogger("services.x").error("failed", exc_info=group)
    (line,) = written(lines)
    assert [part["type"] for part in line["error"]["of"]] == [
        "builtins.ValueError",
        "builtins.KeyError",
    ]
    assert "Siti" not in lines.getvalue()


def test_a_long_chain_of_causes_is_cut(lines: io.StringIO) -> None:
    error: Exception = ValueError()
    for _ in range(50):
        outer = ValueError()
        outer.__cause__ = error
        error = outer
    logging.getLogger("services.x").error("failed", exc_info=error)
    assert lines.getvalue().count("because") == 5


def test_libraries_speak_from_warning_on_and_only_their_first_line(lines: io.StringIO) -> None:
    logging.getLogger("pymongo.command").info("find Siti")
    logging.getLogger("asyncio").error("never retrieved\nexception=ValueError('Siti')")
    (line,) = written(lines)
    assert line["message"] == "never retrieved"
    logging.getLogger("services.x").error("two\nlines")
    assert written(lines)[-1]["message"] == "two\nlines"


def test_uvicorn_starts_aloud_and_serves_in_silence(lines: io.StringIO) -> None:
    logging.getLogger("uvicorn.error").info("Started server process")
    logging.getLogger("uvicorn.access").warning("GET /lacak?kode=RAHASIA")
    assert [line["message"] for line in written(lines)] == ["Started server process"]


def test_warnings_are_lines_too(lines: io.StringIO) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn("mind the gap", stacklevel=1)
    (line,) = written(lines)
    assert line["logger"] == "py.warnings"


def test_a_message_that_cannot_be_put_together_repeats_no_arguments() -> None:
    record = logging.makeLogRecord({"name": "services.x", "msg": "%d residents", "args": ("Siti",)})
    assert json.loads(JsonLines("contoh", "a1").format(record))["message"] == "%d residents"


async def test_the_correlation_id_belongs_to_the_task_at_hand(lines: io.StringIO) -> None:
    async def work(name: str) -> None:
        with correlated(name):
            await asyncio.sleep(0)
            logging.getLogger("services.x").info("step")
            assert correlation_id() == name

    await asyncio.gather(work("case-1"), work("case-2"))
    assert {line["correlation_id"] for line in written(lines)} == {"case-1", "case-2"}
    assert correlation_id() == ""
