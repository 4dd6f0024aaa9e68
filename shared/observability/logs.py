"""JSON lines on stdout, through the standard library, that personal data does not slip into.

Only allow-listed extra fields are written. A traceback is written as places in the code, without
values; an exception's message only when its class has `safe_to_log = True`, because messages of
validators and drivers repeat what they were given. Long runs of digits (NIK, family card and phone
numbers) are cut out of every text.
"""

import json
import logging
import re
import sys
import traceback
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Final, TextIO

MAX_TEXT = 500
"""Characters of a message or an extra field; the rest is cut."""

EXTRAS: Final = frozenset(
    {
        "attempt", "causation_id", "consumer", "count", "event", "event_type", "incident", "job",
        "message_id", "method", "outcome", "programme", "queue", "reason", "role", "route",
        "seconds", "size", "stage", "status", "subject",
        "version",
    }
)  # fmt: skip
"""Extra fields any service may log; `configure` takes a service's own."""

OURS: Final = ("services", "shared", "deploy", "__main__")
"""Top-level packages whose messages are written whole; of others, the first line."""

_CORRELATION: Final[ContextVar[str]] = ContextVar("correlation_id", default="")
_MAX_FRAMES = 30
_MAX_CAUSES = 5
_LONG_NUMBER = 10**8
_DIGITS: Final = re.compile(r"\d{9,}")


def correlation_id() -> str:
    """The thread that the running task works on; empty outside of any."""
    return _CORRELATION.get()


@contextmanager
def correlated(value: str) -> Iterator[None]:
    """Everything logged inside carries this id, uncut: it must be nobody's number."""
    token = _CORRELATION.set(value)
    try:
        yield
    finally:
        _CORRELATION.reset(token)


class JsonLines(logging.Formatter):
    """One JSON object a record: time, level, logger, message, service, instance, correlation."""

    def __init__(self, service: str, instance: str, extras: Collection[str] = ()) -> None:
        super().__init__()
        self._service = service
        self._instance = instance
        self._extras = EXTRAS.union(extras)

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": _message(record),
            "service": self._service,
            "instance": self._instance,
            "correlation_id": correlation_id(),
        }
        line.update(
            (name, _plain(value))
            for name, value in record.__dict__.items()
            if name in self._extras and name not in line
        )
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = _error(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False)


def configure(
    service: str,
    instance: str,
    *,
    level: int = logging.INFO,
    extras: Collection[str] = (),
    stream: TextIO | None = None,
) -> None:
    """Send every log of this process through JsonLines, for composition roots alone.

    Libraries speak from WARNING on, uvicorn's start and stop excepted. uvicorn's access log is
    silent, for it would write addresses; uvicorn itself must be started with `log_config=None`.
    """
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(JsonLines(service, instance, extras))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name in (*OURS, "uvicorn.error"):
        logging.getLogger(name).setLevel(level)
    logging.getLogger("uvicorn.access").disabled = True
    logging.captureWarnings(capture=True)


def _message(record: logging.LogRecord) -> str:
    try:
        text = record.getMessage()
    except Exception:  # noqa: BLE001 - logging itself would print the arguments to stderr
        text = str(record.msg)
    if record.name.partition(".")[0] not in OURS:
        text = text.partition("\n")[0]
    return _scrub(text)


def _scrub(text: str) -> str:
    return _DIGITS.sub("[number]", text[:MAX_TEXT])


def _plain(value: object) -> object:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        # A NIK is a number too when somebody forgot its quotes; JSON knows no NaN.
        return value if abs(value) < _LONG_NUMBER else "[number]"
    return _scrub(value) if isinstance(value, str) else f"<{type(value).__name__}>"


def _error(error: BaseException, depth: int = 0) -> Mapping[str, object]:
    described: dict[str, object] = {
        "type": f"{type(error).__module__}.{type(error).__qualname__}",
        "at": [
            f"{frame.f_globals.get('__name__', '?')}:{line}:{frame.f_code.co_name}"
            for frame, line in list(traceback.walk_tb(error.__traceback__))[-_MAX_FRAMES:]
        ],
    }
    if getattr(error, "safe_to_log", False) is True:
        described["message"] = _scrub(str(error))
    if depth == _MAX_CAUSES:
        return described
    if isinstance(error, BaseExceptionGroup):
        described["of"] = [_error(part, depth + 1) for part in error.exceptions[:_MAX_CAUSES]]
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        described["because"] = _error(cause, depth + 1)
    return described
