"""Files on the real kernel, with fakes below: what is kept, given up, bound and removed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from shared.files.jobs import JOBS
from shared.files.purpose import Purpose
from shared.files.stored import FILES, FileState, StoredFile, bind, keep_checked
from shared.files.upload import Files, Incoming, Received
from shared.messaging.collections import Collections
from shared.messaging.errors import Missing, Rejected
from shared.messaging.unit_of_work import UnitOfWork
from shared.runtime import Commands
from shared.sealing.seal import DataKey
from shared.testing.callers import NOW
from shared.testing.files import MemoryFrames
from shared.testing.messaging import memory_messaging
from shared.testing.worker import MemoryWorker
from shared.worker.jobs import MIB
from tests.unit.files.samples import image

PHOTO = Purpose(name="photo", limit=MIB)


class Refused(Exception):  # noqa: N818
    """Nothing is refused here."""


@dataclass
class Kiosk:
    """A service that keeps files."""

    files: Files
    frames: MemoryFrames
    commands: Commands
    documents: dict[str, dict[str, object]]

    def incoming(self) -> Incoming:
        """Return a photo that begins to come."""
        return Incoming(
            purpose=PHOTO,
            about="thing-1",
            sender="agus",
            content_type="image/jpeg",
            size=None,
            body=_body(),
            key=DataKey.generate(),
            sealed_key={"key": "sealed"},
        )

    async def keep(self, received: Received) -> None:
        """Keep it."""

        async def keep(uow: UnitOfWork) -> None:
            await keep_checked(received.id, received.content, uow)

        await self.commands.run_own(keep, key=received.id)

    async def bind(self, file_id: str, about: str = "thing-1") -> None:
        """Bind it."""

        async def bound(uow: UnitOfWork) -> None:
            await bind(file_id, PHOTO.name, about, uow)

        await self.commands.run_own(bound, key=file_id)

    def states(self) -> list[object]:
        """Return how far the files have come."""
        return [document["state"] for document in self.documents.values()]


async def _body() -> AsyncIterator[bytes]:
    data = image()
    yield data[:100]
    yield data[100:]


@asynccontextmanager
async def kiosk() -> AsyncIterator[Kiosk]:
    async with memory_messaging("kiosk", collections=Collections(FILES)) as messaging:
        commands, frames = messaging.commands(Refused), MemoryFrames()
        files = Files(frames, MemoryWorker(JOBS), commands, pause=0)
        yield Kiosk(files, frames, commands, messaging.memory.collections["files"])


async def test_a_file_is_there_before_its_first_frame_and_says_what_it_is_for() -> None:
    async with kiosk() as at:
        incoming = at.incoming()
        async with at.files.received(incoming) as received:
            (document,) = at.documents.values()
            assert document["state"] == "receiving"
            assert (document["purpose"], document["about"]) == ("photo", "thing-1")
            assert str(document["since"])[:16] == NOW.isoformat()[:16]
            await at.keep(received)
        assert at.states() == ["checked"]


async def test_whatever_goes_wrong_before_it_is_kept_removes_it() -> None:
    async with kiosk() as at:
        with pytest.raises(RuntimeError):
            async with at.files.received(at.incoming()):
                raise RuntimeError
        assert (at.states(), at.frames.frames) == ([], {})


async def test_a_file_that_was_kept_stays_although_its_sender_has_not_heard_of_it() -> None:
    """He sends again under the same key, and is told the id of this one."""
    async with kiosk() as at:
        with pytest.raises(ConnectionError):  # noqa: PT012 - the block's own end is what is tried
            async with at.files.received(at.incoming()) as received:
                await at.keep(received)
                raise ConnectionError
        assert at.states() == ["checked"]
        await at.bind(received.id)
        assert at.states() == ["bound"]


async def test_what_nobody_binds_is_removed_and_what_is_bound_is_not() -> None:
    async with kiosk() as at:
        ids = []
        for _ in range(2):
            async with at.files.received(at.incoming()) as received:
                await at.keep(received)
                ids.append(received.id)
        await at.bind(ids[0])
        assert not await at.files.remove_unbound(ids[0])
        assert await at.files.remove_unbound(ids[1])
        assert not await at.files.remove_unbound(ids[1])
        assert at.states() == ["bound"]
        assert {name for name, _ in at.frames.frames} == {f"{ids[0]}.1"}
        with pytest.raises(Missing):
            await at.bind(ids[1])


async def test_a_removal_that_was_cut_off_is_ended_by_the_next_and_nothing_is_bound_meanwhile() -> (
    None
):
    async with kiosk() as at:
        async with at.files.received(at.incoming()) as received:
            await at.keep(received)
        remove, at.frames.remove = at.frames.remove, _away  # type: ignore[method-assign]
        with pytest.raises(ConnectionError):
            await at.files.remove_unbound(received.id)
        assert at.states() == [FileState.REMOVING]
        with pytest.raises(Rejected, match="file_state"):
            await at.bind(received.id)
        at.frames.remove = remove  # type: ignore[method-assign]
        assert await at.files.remove_unbound(received.id)
        assert (at.states(), at.frames.frames) == ([], {})


async def test_a_file_is_bound_to_what_it_was_sent_for_alone() -> None:
    async with kiosk() as at:
        async with at.files.received(at.incoming()) as received:
            with pytest.raises(Rejected, match="file_state"):
                await at.bind(received.id)
            await at.keep(received)
        with pytest.raises(Rejected, match="file_of_another"):
            await at.bind(received.id, "thing-2")
        await at.bind(received.id)


async def _away(name: str) -> None:
    del name
    raise ConnectionError


def test_a_file_shows_no_key() -> None:
    file = StoredFile(
        id="f", purpose="photo", about="t", since=NOW, sealed_key={"key": "the sealed key"}
    )
    assert "the sealed key" not in repr(file)
