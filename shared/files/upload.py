"""The road of a file: in, sealed as it came, scanned, checked by the worker, kept clean.

At no time is a whole file in memory. What fails on the way leaves nothing behind: frames and
document are removed at once, and by the timer where the process ended over it.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypeVar

from shared.contracts.envelope import new_id
from shared.files.frames import AS_IT_CAME, CLEAN, Frames, Writer, copied, opened, part_name
from shared.files.purpose import Purpose
from shared.files.scanner import Scanner, ScannerAway
from shared.files.stored import (
    Content,
    FileState,
    StoredFile,
    begin_removal,
    end_removal,
    keep_receiving,
)
from shared.messaging.unit_of_work import UnitOfWork, UseCase
from shared.sealing.seal import DataKey
from shared.web.problems import TooManyRequests, Unavailable
from shared.worker.client import Answer, Away, Refused, TooCostly

AT_ONCE: Final = 8
"""Files that one process takes in at the same time."""
AT_ONCE_EACH: Final = 2
"""Of them from one account."""
TRIES: Final = 8
PAUSE: Final = 2.0
"""Seconds between tries, for a worker that has ended to be there again."""

_UNSAID: Final = {"", "application/octet-stream", "application/x-www-form-urlencoded"}
"""What clients state who state nothing."""
_log = logging.getLogger(__name__)
T = TypeVar("T")


class Worker(Protocol):
    """Does jobs; `worker.client.WorkerClient` is one."""

    def give(
        self, job: str, arguments: Mapping[str, Any], body: AsyncIterable[bytes] | None = None
    ) -> AbstractAsyncContextManager[Answer]:
        """Have a job done. Raises Refused, TooCostly, Busy, Away, JobFailed."""
        ...


class Keeper(Protocol):
    """Runs what a service does by its own rule; `runtime.Commands` is one."""

    async def run_own(self, use_case: UseCase, *, key: str) -> object:
        """Run a use case to its commit."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A file as somebody begins to send it. `size` is what he states, None where he does not."""

    purpose: Purpose
    about: str
    sender: str
    content_type: str
    size: int | None
    body: AsyncIterable[bytes] = field(repr=False)
    key: DataKey = field(repr=False)
    sealed_key: Mapping[str, str] = field(repr=False)
    id: str = field(default_factory=new_id)

    async def begin(self, uow: UnitOfWork) -> None:
        """Keep that it comes in."""
        file = StoredFile(
            id=self.id,
            purpose=self.purpose.name,
            about=self.about,
            since=uow.now(),
            sealed_key=self.sealed_key,
        )
        await keep_receiving(file, uow)


@dataclass(frozen=True, slots=True)
class Received:
    """A file that may be kept: what it is, and the digest of what came, to know a repeat by."""

    id: str
    content: Content
    came: str


class Files:
    """Takes files in, gives them out and removes them, for one service."""

    def __init__(
        self,
        frames: Frames,
        worker: Worker,
        keeper: Keeper,
        scanner: Scanner | None = None,
        pause: float = PAUSE,
        at_once: int = AT_ONCE,
    ) -> None:
        self._frames = frames
        self._worker = worker
        self._keeper = keeper
        self._scanner = scanner
        self._pause = pause
        self._at_once = at_once
        self._coming: Counter[str] = Counter()

    @asynccontextmanager
    async def received(self, incoming: Incoming) -> AsyncIterator[Received]:
        """Take a file in; inside the block it is to be kept (`keep_checked`).

        Whatever the block raises removes it again, unless it was kept by then. Raises FileRefused,
        Unavailable and TooManyRequests, and what the body raises where the sender has gone.
        """
        _require_size(incoming)
        with _turn(self._coming, incoming.sender, self._at_once):
            await self._keeper.run_own(incoming.begin, key=incoming.id)
            try:
                yield await self._taken(incoming)
            except BaseException:
                # The sender may have gone, and with him this task: it goes on by itself.
                await asyncio.shield(asyncio.ensure_future(self._given_up(incoming.id)))
                raise

    def content(self, file: StoredFile, key: DataKey) -> AsyncIterator[bytes]:
        """Yield a file's bytes. Raises Unsealable where a frame is not as it was written."""
        return opened(self._frames, key, file.id, file.part)

    async def examined(
        self, incoming: Incoming, found: Content, job: str, arguments: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        """Have the worker look into a file that was taken in, before it is kept.

        Raises as `received` does.
        """

        async def look() -> Mapping[str, Any]:
            kept = opened(self._frames, incoming.key, incoming.id, found.part)
            async with self._worker.give(job, arguments, kept) as done:
                return done.fields

        return await self._tried(incoming, look)

    async def remove_unbound(self, file_id: str) -> bool:
        """Remove a file that nobody has bound; False where it is bound or gone already.

        May be run again at any time, and is to be run until it returns.
        """
        return await self._remove(file_id, frozenset({FileState.BOUND}))

    async def _remove(self, file_id: str, unless: AbstractSet[FileState]) -> bool:
        going = await self._keeper.run_own(
            lambda uow: begin_removal(file_id, uow, unless), key=file_id
        )
        if not going:
            return False
        for part in (AS_IT_CAME, CLEAN):
            await self._frames.remove(part_name(file_id, part))
        await self._keeper.run_own(lambda uow: end_removal(file_id, uow), key=file_id)
        return True

    async def _given_up(self, file_id: str) -> None:
        try:
            # One that was kept stays: only the answer was lost, and a repeat is told its id.
            await self._remove(file_id, frozenset({FileState.BOUND, FileState.CHECKED}))
        except Exception:  # noqa: BLE001 - whatever it is, the timer comes
            _log.exception("a file that was given up is left to its timer")

    async def _taken(self, incoming: Incoming) -> Received:
        came = Writer(self._frames, incoming.key, incoming.id, AS_IT_CAME)
        async for piece in incoming.body:
            if came.size + len(piece) > incoming.purpose.limit:
                raise incoming.purpose.refusal("too_large")
            await came.write(piece)
        if came.size == 0:
            raise incoming.purpose.refusal("empty")
        if incoming.size is not None and came.size < incoming.size:
            raise incoming.purpose.refusal("cut_off")
        await came.close()
        await self._scan(incoming)
        content = await self._cleaned(incoming, came)
        return Received(incoming.id, content, came.sha256)

    async def _scan(self, incoming: Incoming) -> None:
        if self._scanner is None:
            return
        try:
            found = await self._scanner.finds(self._as_it_came(incoming))
        except ScannerAway:
            raise Unavailable("the virus scanner does not answer", retry_after=60) from None
        if found:
            raise incoming.purpose.refusal("infected")

    async def _cleaned(self, incoming: Incoming, came: Writer) -> Content:
        async def clean() -> Content:
            try:
                return await self._clean(incoming, came)
            except Away:
                await self._frames.remove(part_name(incoming.id, CLEAN))
                raise

        return await self._tried(incoming, clean)

    async def _tried(self, incoming: Incoming, look: Callable[[], Awaitable[T]]) -> T:
        """Have the worker look, once more where it ended over it. Raises Away after some tries."""
        for left in reversed(range(TRIES)):
            try:
                return await look()
            except TooCostly:
                raise incoming.purpose.refusal("too_costly") from None
            except Refused as refused:
                raise incoming.purpose.refusal(refused.reason) from None
            except Away:
                if not left:
                    raise
                await asyncio.sleep(self._pause)
        raise AssertionError("the last try returns or raises")

    async def _clean(self, incoming: Incoming, came: Writer) -> Content:
        purpose = incoming.purpose
        said = incoming.content_type.partition(";")[0].strip().lower()
        arguments = {
            "types": sorted(purpose.types),
            "said": "" if said in _UNSAID else said,
            "pages": purpose.pages,
            "pixels": purpose.pixels,
            "limit": purpose.limit,
        }
        async with self._worker.give(purpose.job, arguments, self._as_it_came(incoming)) as done:
            found = str(done.fields["type"])
            if done.fields["same"]:
                return Content(type=found, size=came.size, sha256=came.sha256, part=AS_IT_CAME)
            clean = Writer(self._frames, incoming.key, incoming.id, CLEAN)
            await copied(done.data, clean)
        await self._frames.remove(part_name(incoming.id, AS_IT_CAME))
        return Content(type=found, size=clean.size, sha256=clean.sha256)

    def _as_it_came(self, incoming: Incoming) -> AsyncIterator[bytes]:
        return opened(self._frames, incoming.key, incoming.id, AS_IT_CAME)


def _require_size(incoming: Incoming) -> None:
    if incoming.size is not None and incoming.size > incoming.purpose.limit:
        raise incoming.purpose.refusal("too_large")


@contextmanager
def _turn(coming: Counter[str], sender: str, at_once: int) -> Iterator[None]:
    if coming[sender] >= AT_ONCE_EACH:
        raise TooManyRequests(f"{AT_ONCE_EACH} files of one account at once", retry_after=5)
    if coming.total() >= at_once:
        raise Unavailable("too many files come in at once", retry_after=5)
    coming[sender] += 1
    try:
        yield
    finally:
        coming[sender] -= 1
        if not coming[sender]:
            del coming[sender]
