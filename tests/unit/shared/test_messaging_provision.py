"""RabbitMQ's administrator stays out of what is told of his refused requests."""

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest

from deploy.local import management
from shared.messaging.provision import BrokerUser, Management
from shared.messaging.topology import topology

LOGIN, PASSWORD = "administrator", "very/secret"  # the slash is written %2F in a URL
URL = "http://administrator:very%2Fsecret@broker:15672"
Answer = Callable[[httpx.Request], httpx.Response]


@contextmanager
def refusal() -> Iterator[pytest.ExceptionInfo[httpx.HTTPStatusError]]:
    """Expect an error, and that neither it nor its request tells the login."""
    with pytest.raises(httpx.HTTPStatusError) as caught:
        yield caught
    error = caught.value
    for told in (str(error), repr(error), str(error.request.url)):
        assert not any(word in told for word in (LOGIN, PASSWORD, "very%2Fsecret"))


def refusing(request: httpx.Request) -> httpx.Response:
    said = {"error": "bad_request", "reason": "inequivalent arg 'x-queue-type'"}
    return httpx.Response(400, json=said, request=request)


def broken(request: httpx.Request) -> httpx.Response:
    return httpx.Response(503, text="<html>", request=request)


def api(answer: Answer) -> Management:
    return Management(URL, "jemput/test", transport=httpx.MockTransport(answer))


def test_a_refusal_names_request_status_and_reason() -> None:
    with refusal() as caught:
        api(refusing).grant([BrokerUser("intake", "word")])
    assert str(caught.value) == (
        "RabbitMQ refused PUT /api/users/intake: 400 inequivalent arg 'x-queue-type'"
    )


def test_a_refusal_names_the_virtual_host_as_it_was_sent() -> None:
    with refusal() as caught:
        api(refusing).depth("intake.events")
    assert "GET /api/queues/jemput%2Ftest/intake.events: 400" in str(caught.value)


def test_an_answer_that_gives_no_reason_is_named_by_its_status() -> None:
    with refusal() as caught:
        api(broken).apply(topology([]))
    assert str(caught.value).endswith(": 503 Service Unavailable")


def test_the_login_of_the_url_is_sent_as_it_was_meant() -> None:
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["Authorization"])
        return httpx.Response(200, json={"messages": 3})

    assert api(answer).depth("intake.events") == 3
    assert base64.b64decode(seen[0].removeprefix("Basic ")) == b"administrator:very/secret"


def test_a_given_broker_that_refuses_is_told_without_the_login(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def get(url: str, auth: httpx.Auth, timeout: float) -> httpx.Response:
        with httpx.Client(transport=httpx.MockTransport(refusing)) as client:
            return client.get(url, auth=auth, timeout=timeout)

    monkeypatch.setattr("httpx.get", get)
    with refusal() as caught:
        management.version(URL)
    assert "GET /api/overview: 400" in str(caught.value)
