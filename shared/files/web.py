"""Files over HTTP: the body as it comes in, and a file as it leaves."""

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Final

from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from starlette.requests import Request

from shared.contracts.envelope import new_id
from shared.files.purpose import Purpose
from shared.files.sniff import JPEG, PDF, PNG
from shared.files.upload import Incoming
from shared.sealing.seal import DataKey

RAW_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}},
    }
}
"""What OpenAPI is told of a route that takes a file as its body."""
_ENDINGS: Final = {JPEG: "jpg", PNG: "png", PDF: "pdf"}


class FileAnswer(BaseModel):
    """A file that was taken, as it is kept: images are written anew. It is not bound yet."""

    file_id: str
    type: str
    bytes: int
    sha256: str


def incoming(
    request: Request,
    purpose: Purpose,
    about: str,
    sender: str,
    seal: Callable[[DataKey, str], Mapping[str, str]],
) -> Incoming:
    """Return the file that is a request's body; `seal` gives its key as it is stored, by its id."""
    key, file_id = DataKey.generate(), new_id()
    return Incoming(
        id=file_id,
        purpose=purpose,
        about=about,
        sender=sender,
        content_type=request.headers.get("content-type", ""),
        size=stated_size(request),
        body=request.stream(),
        key=key,
        sealed_key=seal(key, file_id),
    )


def stated_size(request: Request) -> int | None:
    """Return the bytes that a request's head promises, or None."""
    stated = request.headers.get("content-length", "")
    return int(stated) if stated.isdigit() else None


async def attachment(
    name: str, type_: str, size: int, content: AsyncIterator[bytes]
) -> StreamingResponse:
    """Return a file for the browser to save and never to show.

    Its first frame is opened before anything is answered: raises what `content` raises.
    """
    first = await anext(content)
    headers = {
        "Content-Disposition": f'attachment; filename="{name}.{_ENDINGS[type_]}"',
        "Content-Length": str(size),
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    return StreamingResponse(_with(first, content), media_type=type_, headers=headers)


async def _with(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in rest:
        yield piece
