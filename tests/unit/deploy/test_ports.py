import itertools
import socket

from deploy.local import ports


def test_free_ports_differ_and_are_bindable() -> None:
    found = list(itertools.islice(ports.free(), 20))
    assert len(set(found)) == 20
    assert all(ports.bindable(port) for port in found)


def test_free_ports_lie_outside_what_outgoing_connections_are_given() -> None:
    for port in itertools.islice(ports.free(), 50):
        assert ports.LOWEST <= port < ports.ceiling()


def test_a_port_somebody_listens_on_is_not_bindable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert not ports.bindable(server.getsockname()[1])
