import asyncio
import socket
from pathlib import Path

import pytest


def test_a_unit_test_cannot_connect_even_to_this_machine() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.socket() as client,
        pytest.raises(pytest.fail.Exception, match="may not connect"),
    ):
        client.connect(server.getsockname())


def test_a_unit_test_cannot_connect_to_a_unix_socket(tmp_path: Path) -> None:
    with (
        socket.socket(socket.AF_UNIX) as client,
        pytest.raises(pytest.fail.Exception, match="may not connect"),
    ):
        client.connect_ex(str(tmp_path / "socket"))


async def test_a_unit_test_cannot_connect_by_the_event_loop() -> None:
    with pytest.raises(pytest.fail.Exception, match="may not connect"):
        await asyncio.open_connection("127.0.0.1", 9)
