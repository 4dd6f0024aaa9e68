"""Static files: read once, served under an address that names their content, cached for ever."""

import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from mimetypes import add_type, guess_type
from pathlib import Path
from typing import Annotated, Final

from fastapi import APIRouter, Header, Response

from shared.auth.rules import PUBLIC, RouteRules
from shared.web.problems import NotFound

FRAME_FILES: Final = Path(__file__).with_name("static")
MAX_ASSET: Final = 1024 * 1024
"""Bytes of one file: all of them are kept in memory."""
ASSET_RULES: Final[RouteRules] = {"GET /static/{digest}/{name}": PUBLIC}

_FOR_EVER: Final = "public, max-age=31536000, immutable"
_DIGEST: Final = 16
_PACKED: Final = frozenset({".webp"})
"""Files that packing makes no smaller."""
add_type("image/webp", ".webp")  # Python knows it by itself from 3.13


@dataclass(frozen=True, slots=True)
class _Asset:
    digest: str
    kind: str
    plain: bytes
    packed: bytes
    """Empty where it is served as it is."""


class Assets:
    """The files of the frame and of one service; a later folder's file hides an earlier one's."""

    def __init__(self, folders: Sequence[Path] = (), prefix: str = "") -> None:
        """`prefix` is what the service, and so its files, lie below."""
        self._prefix = prefix
        self._assets = {
            path.name: _read(path)
            for folder in (FRAME_FILES, *folders)
            for path in sorted(folder.iterdir())
            if path.is_file()
        }

    def url(self, name: str) -> str:
        """The address of the file as it is now; KeyError when there is none."""
        return f"{self._prefix}/static/{self._assets[name].digest}/{name}"

    def answer(self, name: str) -> Response:
        """Return a file under an address of a route's own, such as a service worker's."""
        return _answer(self._assets[name], current=False, packed=False)

    @cached_property
    def router(self) -> APIRouter:
        """The one route that serves them."""
        router = APIRouter(include_in_schema=False)

        @router.get("/static/{digest}/{name}")
        async def asset(
            digest: str, name: str, accept_encoding: Annotated[str, Header()] = ""
        ) -> Response:
            found = self._assets.get(name)
            if found is None:
                raise NotFound
            return _answer(found, found.digest == digest, "gzip" in accept_encoding)

        return router


def _answer(asset: _Asset, current: bool, packed: bool) -> Response:  # noqa: FBT001 - two facts
    # While two versions run side by side a page of one may ask the other for its files: the answer
    # is whatever this one has, and is not kept.
    headers = {"Cache-Control": _FOR_EVER if current else "no-store", "Vary": "Accept-Encoding"}
    if packed and asset.packed:
        headers["Content-Encoding"] = "gzip"
        return Response(asset.packed, headers=headers, media_type=asset.kind)
    return Response(asset.plain, headers=headers, media_type=asset.kind)


def _read(path: Path) -> _Asset:
    content = path.read_bytes()
    if len(content) > MAX_ASSET:
        raise ValueError(f"{path.name}: larger than {MAX_ASSET} bytes")
    return _Asset(
        sha256(content).hexdigest()[:_DIGEST],
        guess_type(path.name)[0] or "application/octet-stream",
        content,
        b"" if path.suffix in _PACKED else gzip.compress(content, mtime=0),
    )
