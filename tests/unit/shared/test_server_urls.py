"""URLs of RabbitMQ and MongoDB: what asks for TLS, and that nobody leaves it unverified."""

import pytest
from pydantic import TypeAdapter, ValidationError

from shared.runtime.server_urls import AmqpUrl, MongoUrl, Place, encrypted_places

PLAIN = ("amqp://desk:pw@one:5672/", "mongodb://desk:pw@one:27017/desk?replicaSet=rs0")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("amqps://u:p@one/?no_verify_ssl=1", "no_verify_ssl"),
        ("amqps://u:p@one/?cafile=/ca.pem&no_verify_ssl=true", "no_verify_ssl"),
        ("amqp://u:p@one/?cafile=/ca.pem", "amqps"),
    ],
)
def test_a_broker_that_would_not_be_verified_is_refused(url: str, reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        TypeAdapter(AmqpUrl).validate_python(url)


@pytest.mark.parametrize(
    "option",
    ["tlsInsecure=true", "tlsAllowInvalidCertificates=true", "TLSALLOWINVALIDHOSTNAMES=true"],
)
def test_a_database_that_would_not_be_verified_is_refused(option: str) -> None:
    with pytest.raises(ValidationError, match="verified"):
        TypeAdapter(MongoUrl).validate_python(f"mongodb://u:p@one/x?tls=true&{option}")


def test_plain_and_verified_urls_stay_as_they_are() -> None:
    ca = "/run/jemput/ca.pem"
    for url in (PLAIN[0], f"amqps://u:p@one:5671/?cafile={ca}&no_verify_ssl=0", "amqps://one"):
        assert TypeAdapter(AmqpUrl).validate_python(url) == url
    for url in (PLAIN[1], f"mongodb://u:p@one/x?tls=true&tlsCAFile={ca}&tlsInsecure=false"):
        assert TypeAdapter(MongoUrl).validate_python(url) == url


def test_every_host_that_is_spoken_to_over_tls_is_known() -> None:
    assert encrypted_places(*PLAIN) == []
    amqp = "amqps://u:p%2C@one,two:5673/?cafile=/a.pem"
    mongo = "mongodb://u:p@three,[::1]:27018/x?replicaSet=rs0&tls=true&tlsCAFile=/b.pem"
    assert encrypted_places(amqp, mongo) == [
        Place("rabbitmq", "one", 5671, "/a.pem"),
        Place("rabbitmq", "two", 5673, "/a.pem"),
        Place("mongodb", "three", 27017, "/b.pem"),
        Place("mongodb", "::1", 27018, "/b.pem"),
    ]
    assert encrypted_places(PLAIN[0], "mongodb://one/?ssl=true")[0].ca is None
    # A CA file alone asks for TLS, as the driver reads it.
    assert encrypted_places(PLAIN[0], "mongodb://one/?tlsCAFile=/b.pem")[0].ca == "/b.pem"
