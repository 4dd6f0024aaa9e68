"""Servers of the torture tests alone: their mongod lets anybody inject faults (`failCommand`)."""

from collections.abc import Iterator

import pytest

from deploy.local.servers import Servers
from tests.conftest import started


@pytest.fixture(scope="session")
def servers(pytestconfig: pytest.Config) -> Iterator[Servers]:
    """RabbitMQ and MongoDB with test commands, from an empty folder, gone at the session's end."""
    with started(pytestconfig, test_commands=True) as running:
        yield running
