"""AMQP frames of the plain shapes that our own messages have, decoded and encoded directly.

pamqp looks up a codec by name for every property and every header, which was a fifth of what an
event costs a service. Here short strings, text headers and whole numbers are read and written with
no step between. Whatever else a message holds is left to pamqp, so both give the same result; a
test holds them against each other.
"""

import struct
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from pamqp.commands import Basic
from pamqp.constants import FRAME_BODY, FRAME_END, FRAME_HEADER, FRAME_METHOD
from pamqp.header import ContentHeader

_HEADER: Final = struct.Struct(">HHQH")
_FRAME: Final = struct.Struct(">BHI")
_END: Final = bytes([FRAME_END])
_PUBLISH: Final = Basic.Publish.index.to_bytes(4, "big") + bytes(2)
_MANDATORY: Final = b"\x01"
_TEXT: Final = ord("S")
_MORE_FLAGS: Final = 1
_MAX_SHORT: Final = 255
_MAX_KEY: Final = 128
_MILLISECONDS: Final = 0xFFFFFFFF
"""pamqp takes a greater timestamp for milliseconds."""
_NUMBERS: Final = {
    ord(code): struct.Struct(form)
    for code, form in (("b", ">b"), ("s", ">h"), ("I", ">i"), ("l", ">q"))
}


class _NotPlain(Exception):  # noqa: N818 - reads as the finding it is
    """Only pamqp knows what to do with this."""


def plain_header(payload: bytes) -> ContentHeader | None:
    """Decode a content header; None where pamqp has to."""
    try:
        _, _, size, flags = _HEADER.unpack_from(payload)
        if flags & _MORE_FLAGS:
            return None
        at, said = _HEADER.size, Basic.Properties()
        for flag, name, read in _READERS:
            if flags & flag:
                value, at = read(payload, at)
                setattr(said, name, value)
    except (_NotPlain, struct.error, ValueError, IndexError, OverflowError, OSError):
        return None
    return ContentHeader(body_size=size, properties=said) if at == len(payload) else None


def plain_publish(
    channel: int, exchange: str, key: str, said: Basic.Properties, body: bytes
) -> bytes | None:
    """Encode a mandatory publish with its header and body; None where pamqp has to."""
    try:
        method = b"".join((_PUBLISH, _short(exchange), _short(key), _MANDATORY))
        properties = _properties(said)
    except (_NotPlain, struct.error, ValueError):
        return None
    header = _HEADER.pack(Basic.Properties.frame_id, 0, len(body), properties[0]) + properties[1]
    frames = ((FRAME_METHOD, method), (FRAME_HEADER, header), (FRAME_BODY, body))
    return b"".join(
        part
        for kind, payload in frames
        for part in (_FRAME.pack(kind, channel, len(payload)), payload, _END)
    )


def _read_short(payload: bytes, at: int) -> tuple[str, int]:
    end = at + 1 + payload[at]
    return payload[at + 1 : end].decode(), end


def _read_octet(payload: bytes, at: int) -> tuple[int, int]:
    return payload[at], at + 1


def _read_time(payload: bytes, at: int) -> tuple[datetime, int]:
    seconds = int.from_bytes(payload[at : at + 8], "big")
    if seconds > _MILLISECONDS:
        raise _NotPlain
    return datetime.fromtimestamp(seconds, UTC), at + 8


def _read_table(payload: bytes, at: int) -> tuple[dict[str, Any], int]:
    end = at + 4 + int.from_bytes(payload[at : at + 4], "big")
    at, table = at + 4, dict[str, Any]()
    while at < end:
        key, at = _read_short(payload, at)
        kind = payload[at]
        if kind == _TEXT:
            start = at + 5
            at = start + int.from_bytes(payload[at + 1 : start], "big")
            table[key] = payload[start:at].decode()
        elif kind in _NUMBERS:
            (table[key],) = _NUMBERS[kind].unpack_from(payload, at + 1)
            at += 1 + _NUMBERS[kind].size
        else:
            raise _NotPlain
    if at != end:
        raise _NotPlain
    return table, end


def _properties(said: Basic.Properties) -> tuple[int, bytes]:
    """Return the flags of the properties that are set, and these."""
    flags, parts = 0, list[bytes]()
    for flag, name, write in _WRITERS:
        value = getattr(said, name)
        if value is not None and value != "":
            flags |= flag
            parts.append(write(value))
    return flags, b"".join(parts)


def _short(text: str) -> bytes:
    encoded = text.encode()
    if len(encoded) > _MAX_SHORT:
        raise _NotPlain
    return bytes((len(encoded),)) + encoded


def _octet(value: int) -> bytes:
    return bytes((value,))


def _time(value: datetime) -> bytes:
    if value.tzinfo is not UTC:
        raise _NotPlain
    return int(value.timestamp()).to_bytes(8, "big")


def _table(values: Mapping[str, Any]) -> bytes:
    parts = list[bytes]()
    for key, value in sorted(values.items()):
        name = key.encode()
        if not isinstance(value, str) or len(name) > _MAX_KEY:
            raise _NotPlain
        text = value.encode()
        parts += (bytes((len(name),)), name, b"S", len(text).to_bytes(4, "big"), text)
    table = b"".join(parts)
    return len(table).to_bytes(4, "big") + table


def _never(_: object) -> bytes:
    raise _NotPlain


_CODECS: Final[Mapping[str, tuple[Callable[[bytes, int], tuple[Any, int]], Any]]] = {
    "content_type": (_read_short, _short),
    "content_encoding": (_read_short, _never),
    "headers": (_read_table, _table),
    "delivery_mode": (_read_octet, _octet),
    "priority": (_read_octet, _never),
    "correlation_id": (_read_short, _short),
    "reply_to": (_read_short, _never),
    "expiration": (_read_short, _never),
    "message_id": (_read_short, _short),
    "timestamp": (_read_time, _time),
    "message_type": (_read_short, _short),
    "user_id": (_read_short, _short),
    "app_id": (_read_short, _short),
    "cluster_id": (_read_short, _never),
}
"""How each property is read and written, in the order of the protocol."""
_FLAGS: Final = Basic.Properties.flags
_READERS: Final = tuple((_FLAGS[name], name, codec[0]) for name, codec in _CODECS.items())
_WRITERS: Final = tuple((_FLAGS[name], name, codec[1]) for name, codec in _CODECS.items())
