"""ClamAV's daemon behind the scanner's port, with a signature of the test's own.

Its real signatures come from a service of its makers and are not used here.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from shared.files.scanner import Clamd, ScannerAway
from tests.component.worker.kit import stream

SIGNATURE = b"a made-up signature of a virus"
CONFIGURATION = """
LocalSocket {folder}/socket
DatabaseDirectory {folder}/signatures
Foreground yes
StreamMaxLength 1M
"""
PATIENCE = 60.0


@asynccontextmanager
async def clamd(folder: Path) -> AsyncIterator[Clamd]:
    program = shutil.which("clamd")
    if program is None:
        pytest.skip("not run: Debian's clamav-daemon is not installed")
    (folder / "signatures").mkdir()
    line = f"Jemput.Test:0:*:{SIGNATURE.hex()}\n"
    (folder / "signatures/own.ndb").write_text(line)
    (folder / "clamd.conf").write_text(CONFIGURATION.format(folder=folder))
    with (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            program, f"--config-file={folder}/clamd.conf", stdout=log, stderr=log
        )
    try:
        async with asyncio.timeout(PATIENCE):
            while not (folder / "socket").exists():
                assert process.returncode is None, (folder / "log").read_text()
                await asyncio.sleep(0.1)
        yield Clamd(folder / "socket")
    finally:
        process.terminate()
        await process.wait()


async def test_the_daemon_finds_its_signature_wherever_it_lies(tmp_path: Path) -> None:
    async with clamd(tmp_path) as scanner:
        assert await scanner.finds(stream([b"hello " * 1000, b"world"])) is False
        assert await scanner.finds(stream([b"x" * 5000 + SIGNATURE[:9], SIGNATURE[9:]])) is True
        # Longer than it scans: it says so, and nothing counts as clean.
        with pytest.raises(ScannerAway):
            await scanner.finds(stream([bytes(200_000)] * 10))


async def test_where_no_daemon_is_it_is_away(tmp_path: Path) -> None:
    with pytest.raises(ScannerAway):
        await Clamd(tmp_path / "nobody").finds(stream([b"hello"]))
