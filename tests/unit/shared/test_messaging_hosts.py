"""An AMQP URL with several hosts becomes one URL for each."""

import asyncio
import gc
import warnings
from contextlib import closing

import pytest
from yarl import URL

from shared.messaging.hosts import MultiHostConnection, urls_of


def test_each_host_gets_the_login_the_virtual_host_and_the_options() -> None:
    assert urls_of("amqp://desk:a%2Cb@one:5672,two:5673/jemput?x=1") == (
        "amqp://desk:a%2Cb@one:5672/jemput?x=1",
        "amqp://desk:a%2Cb@two:5673/jemput?x=1",
    )


def test_one_host_stays_as_it_is() -> None:
    assert urls_of("amqp://desk:word@one/") == ("amqp://desk:word@one/",)


@pytest.mark.parametrize("url", ["amqp://desk:word@one,/", "amqp://desk:word@,one/"])
def test_an_empty_host_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="empty host"):
        urls_of(url)


def test_a_connection_that_nobody_closed_ends_quietly_where_no_loop_runs() -> None:
    async def left() -> MultiHostConnection:
        return MultiHostConnection(URL("amqp://desk:word@one/"), hosts=("amqp://one/",))

    loop = asyncio.new_event_loop()
    with warnings.catch_warnings(record=True) as seen, closing(loop):
        warnings.simplefilter("always")
        connection = loop.run_until_complete(left())
        asyncio.set_event_loop(None)
        del connection
        gc.collect()
        assert [str(one.message) for one in seen] == []
