"""An AMQP URL with several hosts becomes one URL for each."""

import pytest

from shared.messaging.hosts import urls_of


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
