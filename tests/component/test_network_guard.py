import socket

import pytest


def test_a_component_test_reaches_this_machine() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as client:
        client.connect(server.getsockname())
        assert client.getpeername() == server.getsockname()


@pytest.mark.parametrize("host", ["192.0.2.1", "example.org"])
def test_a_component_test_reaches_nothing_beyond(host: str) -> None:
    with (
        socket.socket() as client,
        pytest.raises(pytest.fail.Exception, match="may not connect"),
    ):
        client.connect((host, 80))
